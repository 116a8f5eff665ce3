// The chapters and small pictures of the film that is on. Fetched once it plays, as nothing waits for them; of a film
// that the server does not deliver there are none.
import { type Chapter, marksOf, type Sheets } from '../net/marks';
import { resolve } from '../net/request';
import { chapterAt, chapterName, pictureAt } from './chapters';

/** A picture that is not there within this is not worth asking for again at once, ms. */
const AGAIN_MS = 15_000;

/** A part of a sheet, ready to be shown. */
export interface Picture {
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export class Marks {
  chapters = $state.raw<readonly Chapter[]>([]);

  #sheets = $state.raw<Sheets | null>(null);
  /** Of the film: what is asked for an earlier one is dropped. */
  #film: number | null = null;
  /** Sheets that can be shown, by number: addresses of blobs. */
  #here = $state.raw<Readonly<Record<number, string>>>({});
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody is shown what was asked for
  #asked = new Map<number, number>();

  /** Nothing, of another film. */
  clear(): void {
    this.#film = null;
    this.chapters = [];
    this.#sheets = null;
    for (const url of Object.values(this.#here)) URL.revokeObjectURL(url);
    this.#here = {};
    this.#asked.clear();
  }

  /** Of the film `item` at `address`; `pictures` only where they may come over the network. */
  async look(item: number, address: string, pictures: boolean): Promise<void> {
    if (this.#film === item) return;
    this.clear();
    this.#film = item;
    const found = await marksOf(address).catch(() => null);
    if (!found || this.#film !== item) return;
    this.chapters = found.chapters;
    this.#sheets = pictures ? found.previews : null;
  }

  /** Its name at `position`, where there are several. */
  nameAt(position: number): string | null {
    if (this.chapters.length < 2) return null;
    const index = chapterAt(this.chapters, position);
    return index < 0 ? null : chapterName(this.chapters, index);
  }

  /** The picture of a moment, where its sheet is here. */
  pictureAt(position: number): Picture | null {
    const sheets = this.#sheets;
    if (!sheets) return null;
    const { sheet, x, y } = pictureAt(sheets, position);
    const url = this.#here[sheet];
    return url === undefined ? null : { url, x, y, width: sheets.width, height: sheets.height };
  }

  /** Somebody looks there: the sheet is fetched, which the server may have to make first. */
  want(position: number): void {
    const [sheets, film] = [this.#sheets, this.#film];
    if (!sheets) return;
    const { sheet } = pictureAt(sheets, position);
    const address = sheets.sheets[sheet];
    const asked = this.#asked.get(sheet) ?? -Infinity;
    if (address === undefined || performance.now() - asked < AGAIN_MS) return;
    // One that is here, or on its way, is not asked for again.
    this.#asked.set(sheet, Infinity);
    void fetch(resolve(address), { priority: 'low' })
      .then((answer) => (answer.ok ? answer.blob() : null))
      .catch(() => null)
      .then((picture) => {
        if (this.#film !== film) return;
        if (picture) this.#here = { ...this.#here, [sheet]: URL.createObjectURL(picture) };
        else this.#asked.set(sheet, performance.now());
      });
  }
}
