import { describe, expect, it } from 'vitest';

import { events, EventStreamParser } from './event-stream';

/** All events of a text that comes in pieces of this many characters. */
function parse(text: string, size: number): string[] {
  const parser = new EventStreamParser();
  const found: string[] = [];
  for (let at = 0; at < text.length; at += size)
    found.push(...parser.push(text.slice(at, at + size)));
  return found;
}

describe('a stream of events', () => {
  const text = ':hello\n\ndata: one\n\nid: 4\nevent: line\ndata: two\ndata:three\n\n\ndata: half';

  it('is the same however it is cut', () => {
    for (let size = 1; size <= text.length; size++)
      expect(parse(text, size), `pieces of ${size}`).toEqual(['one', 'two\nthree']);
  });

  it('may end its lines in any of three ways', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const lines = `data: a${end}${end}data: b${end}${end}:${end}`;
      for (const size of [1, 2, 3, 100]) expect(parse(lines, size)).toEqual(['a', 'b']);
    }
  });

  it('keeps letters whole that are cut between their bytes', async () => {
    const bytes = new TextEncoder().encode('data: Zoë 🎬\n\n');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const found: string[] = [];
    for await (const event of events(new Response(body))) found.push(event);
    expect(found).toEqual(['Zoë 🎬']);
  });
});
