// Why a login by the operator's provider failed, in words: the server sends the visitor back to the
// account page with a code alone.

const SENTENCES: Record<string, string> = {
  oidc_off: 'This server has no such login any more. Use your password.',
  oidc_bad_next: 'That link led to another site. Log in here instead.',
  oidc_unreachable:
    'The login service cannot be reached now. Try again later, or use your password.',
  oidc_expired: 'That login took too long, or was begun in another browser. Try again.',
  oidc_state: 'Another login was begun meanwhile. Try again, in one tab.',
  oidc_refused: 'The login service did not let you in, or you said no there.',
  oidc_code: 'The login service did not confirm the login. Try again.',
  oidc_token: 'What the login service said could not be trusted. Tell whoever runs this server.',
  oidc_no_email: 'The login service told no e-mail address, which an account here needs.',
  email_taken:
    'There is an account with your e-mail address already, and it could not be linked. Log in with its password.',
  bad_email: 'The login service told an e-mail address that cannot be used here.',
  bad_text: 'The login service told a name that cannot be shown.',
  sign_up_closed: 'You have no account here. They are made by whoever runs this server.',
  invite_needed: 'You have no account here yet. Ask whoever runs this server for an invitation.',
  bad_invite:
    'This invitation was used, has expired, or is for another address. Ask for a new one.',
  account_disabled: 'This account is disabled. Ask whoever runs this server.',
  too_many_requests: 'Too many tries in a short time. Wait a little, then try again.',
};

export function oidcSentence(code: string): string {
  return SENTENCES[code] ?? 'The login did not work. Try again in a moment.';
}
