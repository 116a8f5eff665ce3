// How a film comes to this viewer, in a sentence. Pure.
import type { Way } from '../net/way';

export interface Comes {
  way: Way | null;
  converted: boolean;
  lines: number | 'own' | null;
}

export function wayText({ way, converted, lines }: Comes): string {
  if (!converted) {
    return way?.doubtful
      ? 'You get the file as it is; it may not play here, or only in part.'
      : 'You get the file as it is.';
  }
  if (lines === 'own')
    return 'You get the picture as it is, in another wrapping; the sound is converted.';
  const size = lines === null ? '' : ` in ${lines} lines`;
  return `The server converts picture and sound for your browser${size}. You stay in step with everybody.`;
}

/** The same in two or three words, for the control; null where there is nothing to say. */
export function wayBadge({ way, converted, lines }: Comes): string | null {
  if (!converted) return way?.doubtful ? 'may not play' : null;
  return lines === 'own' ? 'repackaged' : lines === null ? 'converted' : `${lines}p`;
}
