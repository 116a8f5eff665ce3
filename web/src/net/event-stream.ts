// Server-sent events read from a plain response: `EventSource` can't send an `Authorization`
// header. Only data is kept; names, ids and retry times of events are not used by our server.
// The format: WHATWG HTML, section "Server-sent events".

/** Splits text, in whatever pieces it comes, into the data of whole events. */
export class EventStreamParser {
  #rest = '';
  #data: string[] = [];

  /** The events that are complete now. */
  push(piece: string): string[] {
    const text = this.#rest + piece;
    // A carriage return at the very end may be half of a line end.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + text.slice(end);
    const whole: string[] = [];
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) whole.push(this.#data.join('\n'));
        this.#data = [];
      } else if (line.startsWith('data:')) {
        this.#data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
      } else if (line === 'data') this.#data.push('');
    }
    return whole;
  }
}

/** The data of each event, until the stream ends or is aborted. */
export async function* events(response: Response): AsyncGenerator<string, void> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
