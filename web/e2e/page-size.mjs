// The first view's weight: everything that the built page loads before it shows something, as gzip
// sends it (Brotli is smaller). Lazily loaded parts don't count.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 150 * 1024;
const dist = resolve(import.meta.dirname, '../dist');
const html = readFileSync(join(dist, 'index.html'), 'utf8');

/** @type {Set<string>} */
const needed = new Set();
/** @param {string} file A script and what it imports statically; `import(…)` is lazy. */
function take(file) {
  if (needed.has(file)) return;
  needed.add(file);
  if (!file.endsWith('.js')) return;
  const text = readFileSync(join(dist, file), 'utf8');
  for (const match of text.matchAll(/(?:from|import)\s*["'](\.{1,2}\/[^"']+\.js)["']/g)) {
    take(normalize(join(dirname(file), match[1] ?? '')));
  }
}
for (const match of html.matchAll(
  /<(?:script|link)\b[^>]*\b(?:src|href)="(?:\.\/)?([^":]+\.(?:js|css))"/g,
)) {
  take(normalize(match[1] ?? ''));
}

let scripts = 0;
let total = gzipSync(html, { level: 6 }).length;
for (const file of needed) {
  const size = gzipSync(readFileSync(join(dist, file)), { level: 6 }).length;
  total += size;
  if (file.endsWith('.js')) scripts += size;
  process.stdout.write(`${(size / 1024).toFixed(1).padStart(7)} KiB  ${file}\n`);
}
const kib = (/** @type {number} */ size) => `${(size / 1024).toFixed(1)} KiB`;
process.stdout.write(
  `scripts ${kib(scripts)} of at most ${kib(LIMIT)}; the whole first view ${kib(total)}\n`,
);
if (scripts === 0) throw new Error('index.html names no script: is the page built?');
if (scripts > LIMIT) {
  process.stderr.write('The first view is too heavy.\n');
  process.exitCode = 1;
}
