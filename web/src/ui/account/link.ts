// Reading the account page's address: `account#invite=TOKEN` from an operator's invite, and
// `account?next=r/CODE` from a page that wants its visitor back, and `account#oidc_error=CODE` from
// a login by the operator's provider that failed.

export interface AccountLink {
  /** Token that allows one sign-up. */
  invite: string | null;
  /** Where to go once logged in, relative to the page's root; null is home. */
  next: string | null;
  /** Why the provider's login failed, as a code. */
  refused: string | null;
}

export function readAccountUrl(url: URL): AccountLink {
  const invite = /(?:^#|[&;])invite=([A-Za-z0-9_.-]+)/.exec(url.hash)?.[1] ?? null;
  const next = url.searchParams.get('next');
  const refused = /(?:^#|[&;])oidc_error=([a-z_]+)/.exec(url.hash)?.[1] ?? null;
  return { invite, next: next !== null && isOwnPath(next) ? next : null, refused };
}

/** A path of this page, and of no other site: what a stranger put into a link leads nowhere else. */
export function isOwnPath(path: string): boolean {
  return /^(?:r\/[A-Za-z0-9-]+|history|account|admin)$/.test(path);
}
