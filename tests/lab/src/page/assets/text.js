// Formatted text: entities count UTF-16 units, as JavaScript strings do.
import { w } from './words.js';
import { copy } from './dialogs.js';

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'class') node.className = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter(child => child !== undefined && child !== null && child !== false));
  return node;
}

export function icon(path, filled) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  const shape = document.createElementNS(svg.namespaceURI, 'path');
  shape.setAttribute('d', path);
  if (filled) shape.setAttribute('class', 'fill');
  svg.append(shape);
  return svg;
}

export const COPY = 'M9 9V5h10v10h-4M5 9h10v10H5z';

/** Renders text with entities; `act` opens links and sends commands. */
export function formatted(text, entities, act) {
  return range(text, 0, text.length, entities, act);
}

function range(text, from, to, entities, act) {
  const out = document.createDocumentFragment();
  let at = from, afterBlock = false;
  const words = end => {
    let piece = text.slice(at, end);
    if (afterBlock && piece.startsWith('\n')) piece = piece.slice(1);
    if (piece) out.append(piece);
  };
  entities.forEach((entity, n) => {
    const end = entity.offset + entity.length;
    if (entity.offset < at || end > to) return;
    const block = ['pre', 'blockquote', 'expandable_blockquote'].includes(entity.type);
    words(entity.offset);
    if (block && out.lastChild?.nodeType === Node.TEXT_NODE) out.lastChild.data = out.lastChild.data.replace(/\n$/, '');
    const inner = entities.slice(n + 1).filter(e => e.offset >= entity.offset && e.offset + e.length <= end);
    out.append(wrap(entity, range(text, entity.offset, end, inner, act), text.slice(entity.offset, end), act));
    at = end;
    afterBlock = block;
  });
  words(to);
  return out;
}

function wrap(entity, inner, words, act) {
  const link = href => el('a', { href, onclick: event => act.link(event, href) }, inner);
  switch (entity.type) {
    case 'bold': return el('b', {}, inner);
    case 'italic': return el('i', {}, inner);
    case 'underline': return el('u', {}, inner);
    case 'strikethrough': return el('s', {}, inner);
    case 'spoiler': return el('span', { class: 'spoiler', onclick: event => event.currentTarget.classList.add('open') }, inner);
    case 'code': return el('code', { title: w.copy, onclick: () => copy(words) }, inner);
    case 'pre': return el('div', { class: 'pre' },
      el('button', { type: 'button', class: 'pre-copy', 'aria-label': w.copy, onclick: () => copy(words) }, el('span', {}, entity.language ?? ''), icon(COPY)),
      el('pre', { onclick: () => { if (!String(getSelection())) copy(words); } }, inner));
    case 'blockquote': return el('blockquote', {}, inner);
    case 'expandable_blockquote': return el('blockquote', { class: 'fold', onclick: event => event.currentTarget.classList.toggle('open') }, inner);
    case 'text_link': return link(entity.url);
    case 'url': return link(/^[a-z]+:\/\//i.test(words) ? words : `https://${words}`);
    case 'email': return el('a', { href: `mailto:${words}` }, inner);
    case 'bot_command': return el('a', { href: '#', onclick: event => { event.preventDefault(); act.command(words); } }, inner);
    case 'mention': return el('span', { class: 'mention' }, inner);
    default: return el('span', {}, inner);
  }
}
