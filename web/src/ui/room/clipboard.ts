// Copying text, also where the page came by plain http and browsers offer no clipboard.

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The old way: from a field that nobody sees. It has to stand inside an open dialog to get the focus. */
function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const home = document.querySelector('dialog[open]') ?? document.body;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  home.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
