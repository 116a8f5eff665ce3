/** A video's web address as somebody pastes it, with a title made of its file name; or null. */
export function readAddress(text: string): { kind: 'url'; url: string; title: string } | null {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return null;
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  const file = url.pathname.split('/').filter(Boolean).at(-1) ?? '';
  let title = file;
  try {
    title = decodeURIComponent(file);
  } catch {
    // A stray percent sign: shown as it is.
  }
  title = title
    .replace(/\.[a-z0-9]{2,5}$/i, '')
    .replace(/[._]+/g, ' ')
    .trim();
  return { kind: 'url', url: url.href, title: title || url.hostname };
}
