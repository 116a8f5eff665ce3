// Subtitles as cues: WebVTT, SubRip and the plain side of SubStation Alpha, read into lines of runs. What
// a file says is data: no markup of it ever becomes markup of the page. Pure.

/** A piece of a line with one look. */
export interface Run {
  text: string;
  italic?: boolean;
  bold?: boolean;
  underline?: boolean;
}

export interface Cue {
  /** Seconds. */
  from: number;
  to: number;
  lines: Run[][];
}

/** More cues than a day of talking has. */
const MAX_CUES = 50_000;

const TIME = /(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})/;
const SPAN = new RegExp(`^\\s*${TIME.source}\\s*-->\\s*${TIME.source}`);

function seconds(parts: (string | undefined)[]): number {
  const [hours = '0', minutes = '0', whole = '0', part = '0'] = parts.map((part) => part ?? '0');
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(whole) + Number(`0.${part}`);
}

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&nbsp;': '\u00a0',
  '&lrm;': '\u200e',
  '&rlm;': '\u200f',
};

const plain = (text: string): string =>
  text.replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (entity) => ENTITIES[entity] ?? entity);

/** `<i>`, `<b>` and `<u>` count, other tags are dropped, as are the `{\an8}` that some SubRip has. */
function runs(line: string, look: Omit<Run, 'text'>): Run[] {
  const found: Run[] = [];
  for (const part of line.replace(/\{\\[^}]*\}/g, '').split(/(<[^>]*>)/)) {
    const tag = /^<(\/?)([a-z]*)/i.exec(part);
    if (!tag) {
      if (part) found.push({ ...look, text: plain(part) });
      continue;
    }
    const [on, name] = [tag[1] === '', tag[2]?.toLowerCase()];
    if (name === 'i') look.italic = on;
    if (name === 'b') look.bold = on;
    if (name === 'u') look.underline = on;
  }
  return found;
}

function linesOf(text: string[]): Run[][] {
  const look = {};
  return text.map((line) => runs(line, look)).filter((line) => line.length > 0);
}

/** WebVTT and SubRip: they differ in a comma. */
function timed(text: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of text.split(/\n{2,}/)) {
    const lines = block.split('\n');
    const at = lines.findIndex((line) => SPAN.test(line));
    const span = SPAN.exec(lines[at] ?? '');
    if (!span) continue;
    const [from, to] = [seconds(span.slice(1, 5)), seconds(span.slice(5, 9))];
    const shown = linesOf(lines.slice(at + 1));
    if (to > from && shown.length > 0) cues.push({ from, to, lines: shown });
    if (cues.length >= MAX_CUES) break;
  }
  return cues;
}

/** The text of SubStation Alpha without its looks: for browsers that show no better. */
function alpha(text: string): Cue[] {
  const cues: Cue[] = [];
  let columns = 10;
  for (const line of text.split('\n')) {
    if (/^Format:/i.test(line)) columns = line.split(',').length;
    const body = /^Dialogue:(.*)$/i.exec(line)?.[1];
    if (body === undefined) continue;
    const fields = body.split(',');
    const [from, to] = [fields[1], fields[2]].map((at) => {
      const parts = TIME.exec(at ?? '');
      return parts ? seconds(parts.slice(1, 5)) : NaN;
    });
    const said = fields.slice(columns - 1).join(',');
    const lines = said.replace(/\{[^}]*\}/g, '').split(/\\[Nn]/);
    const shown = lines.filter((line) => line.trim()).map((text) => [{ text: text.trim() }]);
    if (from !== undefined && to !== undefined && to > from && shown.length > 0)
      cues.push({ from, to, lines: shown });
    if (cues.length >= MAX_CUES) break;
  }
  return cues;
}

/** The cues of a subtitle, by when they begin. */
export function cuesOf(text: string): Cue[] {
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const cues = /^\[Script Info\]/im.test(clean) ? alpha(clean) : timed(clean);
  return cues.sort((a, b) => a.from - b.from);
}

/** Whether a renderer of styles makes more of it. */
export const isStyled = (text: string): boolean => /^\uFEFF?\s*\[Script Info\]/i.test(text);

/** What is to be read at a moment (seconds), the earlier above. */
export function linesAt(cues: readonly Cue[], at: number): Run[][] {
  const found: Run[][] = [];
  for (const cue of cues) {
    if (cue.from > at) break;
    if (at < cue.to) found.push(...cue.lines);
  }
  return found;
}
