// Messages as bubbles. A bubble is built anew only when its message has changed.
import { clock, day, size, w } from './words.js';
import { el, formatted, icon } from './text.js';
import { preview } from './dialogs.js';

const COLORS = ['#e17076', '#7bc862', '#e5a64e', '#65aadd', '#a695e7', '#ee7aae', '#6ec9cb'];
export const color = id => COLORS[Math.abs(id) % COLORS.length];

export function avatar(name, id, isBot) {
  const node = el('div', { class: 'avatar', 'aria-hidden': 'true' }, isBot ? icon('M5 10h14v9H5zM12 10V5M9 14v1M15 14v1M12 5a1 1 0 10.010 0') : [...(name || '?')][0]);
  node.style.setProperty('--tint', color(id));
  return node;
}

export const preview_line = message =>
  message.service ? w[message.service[0]](message.service[1])
    : message.text ? message.text.replace(/\s+/g, ' ')
      : { photo: w.photo, document: w.document, invoice: w.invoice }[message.kind] ?? '';

const kept = new Map();
let keptFor = '';

/** Puts messages into a container, reusing what has not changed. `context` is { chat, group, busy, act }. */
export function show(container, messages, context) {
  const owner = `${context.who}/${context.chat}/${document.documentElement.lang}`;
  if (owner !== keptFor) { kept.clear(); keptFor = owner; }
  const nodes = [];
  let lastDay = '', last = null;
  const alive = new Set();
  for (const message of messages) {
    const label = day(message.date);
    if (label !== lastDay) { nodes.push(el('div', { class: 'day' }, label)); lastDay = label; last = null; }
    const joined = last && !last.service && !message.service && last.author_id === message.author_id && last.mine === message.mine && message.date - last.date < 600;
    const busy = [...context.busy].filter(key => key.startsWith(`${context.chat}/${message.id}/`));
    const state = JSON.stringify([message, joined, busy]);
    let entry = kept.get(message.id);
    if (!entry || entry.state !== state) {
      entry = { state, node: message.service ? note(message) : bubble(message, joined, context) };
      kept.set(message.id, entry);
    }
    alive.add(message.id);
    nodes.push(entry.node);
    last = message;
  }
  for (const id of kept.keys()) if (!alive.has(id)) kept.delete(id);
  const same = nodes.length === container.childNodes.length && nodes.every((node, n) => node === container.childNodes[n] || (node.className === 'day' && container.childNodes[n].className === 'day' && node.textContent === container.childNodes[n].textContent));
  if (!same) container.replaceChildren(...nodes);
}

function note(message) {
  const [what, detail] = message.service;
  const words = what === 'pinned' ? `${message.author} ${w.pinned()}` : w[what](detail);
  return el('div', { class: 'note', 'data-testid': `message-${message.id}`, 'data-from': 'service' }, el('span', {}, words));
}

function bubble(message, joined, context) {
  const { act } = context;
  const from = message.mine ? 'me' : message.bot ? 'bot' : 'other';
  const body = el('div', { class: 'body' });
  const named = context.group && !message.mine && !joined;
  if (named) {
    const name = el('div', { class: 'name' }, message.author);
    name.style.color = color(message.author_id);
    body.append(name);
  }
  if (message.forwarded) body.append(el('div', { class: 'forwarded' }, w.forwarded(message.forwarded)));
  if (message.reply) {
    body.append(el('button', { type: 'button', class: 'quote', onclick: () => act.jump(message.reply.id) },
      el('b', {}, message.reply.author), el('span', {}, preview_line(message.reply))));
  }
  if (message.kind === 'photo' && message.file) body.append(photo(message.file, !message.text));
  if (message.kind === 'document' && message.file) body.append(document_row(message.file));
  if (message.invoice) {
    body.append(el('div', { class: 'invoice' }, el('b', {}, message.invoice.title), el('p', {}, message.invoice.description), el('span', {}, `⭐ ${message.invoice.total}`)));
  }
  const meta = el('span', { class: 'meta' }, message.edited ? `${w.edited} ` : '', el('time', {}, clock(message.date)));
  const text = el('div', { class: 'text', 'data-testid': 'text' });
  if (message.text) text.append(formatted(message.text, message.entities, act));
  text.append(meta);
  if (!message.text && message.kind === 'photo') meta.classList.add('over');
  body.append(text);
  const reply = el('button', { type: 'button', class: 'icon reply', 'data-testid': `reply-${message.id}`, 'aria-label': w.reply, title: w.reply, onclick: () => act.reply(message) }, icon('M10 6l-6 6 6 6v-4c5 0 8 1 10 5-.500-6-4-9-10-9z'));
  const column = el('div', { class: 'column' }, el('div', { class: 'row' }, body, reply));
  if (message.rows) column.append(keyboard(message, context));
  const node = el('article', {
    class: `message ${from}${joined ? ' joined' : ''}${message.kind === 'photo' ? ' with-photo' : ''}`, id: `m${message.id}`,
    'data-testid': `message-${message.id}`, 'data-from': from,
  });
  if (context.group && !message.mine) node.append(joined ? el('div', { class: 'avatar none' }) : avatar(message.author, message.author_id, message.bot));
  node.append(column);
  body.addEventListener('dblclick', () => act.reply(message));
  body.addEventListener('click', () => node.classList.toggle('picked'));
  return node;
}

function photo(file, bare) {
  const image = el('img', { src: `/file/${file.id}`, alt: file.name, width: file.width, height: file.height, loading: 'lazy' });
  return el('button', { type: 'button', class: bare ? 'photo bare' : 'photo', 'data-testid': `file-${file.id}`, onclick: () => preview(file, 'photo') }, image);
}

function document_row(file) {
  const extension = (file.name.split('.').pop() || '').slice(0, 4).toUpperCase();
  return el('div', { class: 'document', 'data-testid': `file-${file.id}` },
    el('button', { type: 'button', class: 'badge', onclick: () => preview(file, 'text'), 'aria-label': file.name }, extension),
    el('button', { type: 'button', class: 'file-name', onclick: () => preview(file, 'text') }, el('b', {}, file.name), el('span', {}, size(file.size))),
    el('a', { class: 'icon', href: `/file/${file.id}`, download: file.name, 'aria-label': 'download' }, icon('M12 4v11M7 10l5 5 5-5M6 19h12')));
}

function keyboard(message, context) {
  const node = el('div', { class: 'keyboard' });
  message.rows.forEach((row, r) => {
    const line = el('div', { class: 'keys' });
    row.forEach((button, c) => {
      const action = button.url ? 'url' : button.copy_text ? 'copy' : button.pay ? 'pay' : button.web_app ? 'url' : button.callback_data ? 'callback' : 'other';
      const busy = context.busy.has(`${context.chat}/${message.id}/${r}/${c}`);
      const key = el('button', { type: 'button', class: `key${busy ? ' busy' : ''}`, 'data-testid': 'button', 'data-action': action, 'aria-busy': busy ? 'true' : undefined, title: button.url, onclick: () => context.act.press(message, r, c, button) }, el('span', {}, button.text));
      if (action === 'url') key.append(icon('M8 16L16 8M9 8h7v7'));
      if (action === 'copy') key.append(icon('M9 9V5h10v10h-4M5 9h10v10H5z'));
      line.append(key);
    });
    node.append(line);
  });
  return node;
}
