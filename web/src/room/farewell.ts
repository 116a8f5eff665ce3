// How a goodbye of the server reads to people, by its stable code.

export interface Farewell {
  title: string;
  text: string;
  /** What a button back says; null where there is no way. */
  again: string | null;
}

export function farewell(code: string, message: string): Farewell {
  switch (code) {
    case 'room_not_found':
      return {
        title: 'There is no such room',
        text: 'It may be over, or a letter of the code got lost. Ask for the link again.',
        again: null,
      };
    case 'room_over':
      return {
        title: 'The party is over',
        text: 'Good night. It was nice to have you.',
        again: null,
      };
    case 'kicked':
      return {
        title: 'You were sent out',
        text: `${message} If it was a mistake, ask the host for a new invitation.`,
        again: 'Try to come back',
      };
    case 'banned':
      return {
        title: 'You can’t come in here',
        text: `${message} Only the host can lift a ban.`,
        again: null,
      };
    case 'denied':
      return {
        title: 'Not this time',
        text: `${message} If they expect you, tell them your name: they can still let you in, and then this works at once.`,
        again: 'Knock again',
      };
    case 'invite_needed':
      return {
        title: 'By invitation only',
        text: 'This link alone opens no door. Ask whoever hosts for an invite link, and open that.',
        again: null,
      };
    case 'invite_used':
      return {
        title: 'This invitation is used up',
        text: 'It was for a number of people, and they are in. Ask for a new one.',
        again: null,
      };
    case 'invite_expired':
      return {
        title: 'This invitation has expired',
        text: 'It was good for a while only. Ask for a new one.',
        again: null,
      };
    case 'room_full':
      return {
        title: 'The room is full',
        text: `${message} When somebody leaves, or the host makes room, there is a seat.`,
        again: 'Try again',
      };
    case 'too_many_requests':
      return {
        title: 'A little too fast',
        text: 'Too many attempts came from your address. Wait a moment, then try again.',
        again: 'Try again',
      };
    case 'bad_token':
      return {
        title: 'You have to log in again',
        text: 'Your log-in has ended. Log in on the start page, or come in as a guest.',
        again: 'Try again',
      };
    case 'replaced':
      return {
        title: 'Watching in another tab',
        text: 'Your seat moved to another tab or window of this browser.',
        again: 'Watch here instead',
      };
    default:
      return { title: 'That is all for now', text: message, again: 'Try again' };
  }
}
