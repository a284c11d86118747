// What lies over the page: toasts, alerts, menus, previews, copying.
import { w, size } from './words.js';

const $ = id => document.getElementById(id);

export function toast(text) {
  const node = document.createElement('div');
  node.className = 'toast';
  node.dataset.testid = 'toast';
  node.textContent = text;
  $('toasts').append(node);
  setTimeout(() => node.classList.add('gone'), 3200);
  setTimeout(() => node.remove(), 3600);
}

export function alertBox(text) {
  const dialog = $('alert');
  dialog.querySelector('p').textContent = text;
  dialog.querySelector('button').textContent = w.ok;
  if (!dialog.open) dialog.showModal();
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  toast(w.copied);
}

/** A menu under a button: `[{ label, testid, run }]`. */
export function menu(anchor, entries) {
  const node = $('menu');
  node.replaceChildren(...entries.map(({ label, testid, run }) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    if (testid) button.dataset.testid = testid;
    button.addEventListener('click', () => { node.hidden = true; run(); });
    return button;
  }));
  const box = anchor.getBoundingClientRect();
  node.style.top = `${box.bottom + 6}px`;
  node.style.right = `${Math.max(8, innerWidth - box.right)}px`;
  node.hidden = false;
  setTimeout(() => addEventListener('click', () => { node.hidden = true; }, { once: true }));
}

const TEXT_LIMIT = 400_000;

/** Shows a picture or the text of a file. */
export async function preview(file, kind) {
  const dialog = $('preview'), url = `/file/${file.id}`;
  const body = dialog.querySelector('div');
  dialog.querySelector('b').textContent = file.name;
  const link = dialog.querySelector('a');
  link.href = url;
  link.download = file.name;
  body.className = kind;
  if (kind === 'photo') {
    const image = new Image();
    image.src = url;
    image.alt = file.name;
    body.replaceChildren(image);
  } else {
    const bytes = await (await fetch(url)).arrayBuffer();
    const pre = document.createElement('pre');
    const view = new Uint8Array(bytes.slice(0, TEXT_LIMIT));
    pre.textContent = view.includes(0) ? `${file.mime}, ${size(file.size)}` : new TextDecoder().decode(view);
    body.replaceChildren(pre);
  }
  dialog.showModal();
}

for (const dialog of [$('alert'), $('preview')]) {
  dialog?.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });
}
$('preview')?.querySelector('button').addEventListener('click', () => $('preview').close());
