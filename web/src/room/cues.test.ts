import { describe, expect, it } from 'vitest';

import { cuesOf, isStyled, linesAt } from './cues';

const VTT = `WEBVTT

STYLE
::cue { color: red }

00:00.500 --> 00:02.000 line:0
Hello <i>you</i> &amp; <c.x>me</c>

intro
01:00:02.500 --> 01:00:03.000
<b>Second
line</b>
`;
const SRT =
  '1\r\n00:00:01,000 --> 00:00:04,000\r\n{\\an8}Oben <script>\r\n\r\n2\r\n00:00:03,000 --> 00:00:05,000\r\nUnten\r\n';
const ASS = `[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\pos(5,5)}One, two\\Nthree
`;

describe('subtitles', () => {
  it('of WebVTT keep their times and their looks', () => {
    const cues = cuesOf(VTT);
    expect(cues.map(({ from, to }) => [from, to])).toEqual([
      [0.5, 2],
      [3602.5, 3603],
    ]);
    expect(cues[0]?.lines).toEqual([
      [
        { text: 'Hello ' },
        { text: 'you', italic: true },
        { text: ' & ', italic: false },
        { text: 'me', italic: false },
      ],
    ]);
    expect(cues[1]?.lines[1]).toEqual([{ text: 'line', bold: true }]);
  });

  it('of SubRip are read with any line ends, and their tags never become the page’s', () => {
    const cues = cuesOf(SRT);
    expect(cues[0]?.lines).toEqual([[{ text: 'Oben ' }]]);
    expect(linesAt(cues, 3.5).map((line) => line[0]?.text)).toEqual(['Oben ', 'Unten']);
    expect(linesAt(cues, 4.5).map((line) => line[0]?.text)).toEqual(['Unten']);
    expect(linesAt(cues, 9)).toEqual([]);
  });

  it('of SubStation Alpha are at least readable', () => {
    expect(isStyled(ASS)).toBe(true);
    expect(isStyled(VTT)).toBe(false);
    expect(cuesOf(ASS)).toEqual([
      { from: 1, to: 2.5, lines: [[{ text: 'One, two' }], [{ text: 'three' }]] },
    ]);
  });

  it('of nonsense are none', () => {
    for (const text of ['', 'hello', '00:00:02,000 --> 00:00:01,000\nx', '\u0000\u0001'])
      expect(cuesOf(text)).toEqual([]);
  });
});
