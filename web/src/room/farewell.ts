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
      return { title: 'You were sent out', text: message, again: 'Try to come back' };
    case 'banned':
      return { title: 'You can’t come in here', text: message, again: null };
    case 'denied':
      return { title: 'Not this time', text: 'The host did not let you in.', again: 'Knock again' };
    case 'invite_needed':
      return { title: 'By invitation only', text: message, again: null };
    case 'room_full':
      return { title: 'The room is full', text: message, again: 'Try again' };
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
