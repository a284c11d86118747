// The messenger: who one is, the chats, the open chat, and what one does in it.
import { clock, day, speak, w, isChinese } from './words.js';
import { el } from './text.js';
import { alertBox, copy, menu, toast } from './dialogs.js';
import { avatar, preview_line, show } from './bubbles.js';

const $ = id => document.getElementById(id);
const store = {
  get: (name, otherwise) => { try { return localStorage.getItem(name) ?? otherwise; } catch { return otherwise; } },
  set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* private windows keep nothing */ } },
};
const query = new URLSearchParams(location.search);
const page = {
  me: query.get('as') || store.get('as', 'lin'),
  state: null, chat: null, data: null, topic: null, replying: null, anonymous: false,
  busy: new Set(), starting: null, earlier: [], drafts: new Map(),
};
if (query.has('start')) page.starting = query.get('start');
const wantsBot = query.has('start') || query.has('chat');

const json = async response => {
  if (!response.ok) throw new Error(await response.text() || response.statusText);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
};
const get = path => fetch(path).then(json);
const post = (path, body) => fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ as: page.me, ...body }) }).then(json);
const tell = promise => promise.catch(error => toast(error.message));

// What is there ------------------------------------------------------------

let running = false, again = false;
/** Asks for everything that is shown; calls in between make one more round. */
async function refresh() {
  if (running) { again = true; return; }
  running = true;
  try {
    do {
      again = false;
      const me = page.me;
      const state = await get(`/api/state?as=${encodeURIComponent(me)}`);
      if (me !== page.me) { again = true; continue; }
      page.state = state;
      speak(state.me.language);
      store.set('language', state.me.language);
      if (page.chat === null && (wantsBot && !page.opened || innerWidth > 700)) open(botChat()?.id, true);
      if (page.chat !== null && !current()) close();
      const chat = page.chat;
      if (chat !== null) {
        const data = await get(`/api/chat?as=${encodeURIComponent(me)}&chat=${chat}`);
        if (chat !== page.chat || me !== page.me) { again = true; continue; }
        page.data = data;
      }
      draw();
    } while (again);
  } catch (error) {
    console.warn(error);
  } finally {
    running = false;
  }
}

const current = () => page.state?.chats.find(chat => chat.id === page.chat);
const botChat = () => page.state?.chats.find(chat => chat.private);
const titleOf = chat => chat.private ? page.state.bot.name : chat.title;

function listen() {
  const events = new EventSource('/api/events');
  let lost = false;
  events.onmessage = () => { lost = false; refresh(); };
  events.onerror = () => { if (!lost) toast(w.lost); lost = true; };
}

// Drawing ------------------------------------------------------------------

function draw() {
  drawPeople();
  drawChats();
  drawPane();
  const unread = page.state.people.reduce((sum, person) => sum + person.unread, 0);
  document.title = (unread ? `(${unread}) ` : '') + page.state.bot.name;
}

const drawn = new Map();
/** Whether something has to be drawn anew: a node that is replaced under the pointer loses its click. */
function differs(what, ...state) {
  const now = JSON.stringify([document.documentElement.lang, ...state]);
  if (drawn.get(what) === now) return false;
  drawn.set(what, now);
  return true;
}

function drawPeople() {
  const seen = Number(store.get('mails', '0'));
  const fresh = page.state.mails - seen;
  if (!differs('people', page.state.people, page.me, fresh)) return;
  $('people').replaceChildren(...page.state.people.map(person => {
    const on = person.key === page.me;
    const face = avatar(person.name, person.id);
    if (person.unread && !on) face.append(el('span', { class: 'dot' }));
    return el('button', { type: 'button', role: 'tab', 'aria-selected': String(on), class: `person${on ? ' on' : ''}`, 'data-testid': `person-${person.key}`, onclick: () => become(person.key) },
      face, el('b', {}, person.name), el('span', {}, w[person.role]));
  }));
  $('mail-link').replaceChildren('✉ ', w.inbox, fresh > 0 ? el('span', { class: 'badge-count' }, String(fresh)) : '');
}

function drawChats() {
  if (!differs('chats', page.state.chats, page.state.bot, page.chat, new Date().toDateString())) return;
  $('chats').replaceChildren(...page.state.chats.map(chat => {
    const title = titleOf(chat), last = chat.last;
    const author = last && !last.service && !chat.private ? `${last.mine ? w.you : last.author}: ` : '';
    return el('button', { type: 'button', class: `chat${chat.id === page.chat ? ' on' : ''}`, 'data-testid': chat.private ? 'chat-bot' : `chat-${chat.id}`, onclick: () => open(chat.id) },
      avatar(title, chat.private ? page.state.bot.id : chat.id, chat.private),
      el('div', {}, el('div', { class: 'top' }, el('b', {}, title), el('time', {}, last ? when(last.date) : '')),
        el('div', { class: 'bottom' }, el('span', {}, last ? author + preview_line(last) : page.state.bot.about || w.start),
          chat.unread ? el('span', { class: 'badge-count', 'data-testid': 'unread' }, String(chat.unread)) : '')));
  }));
}

const when = seconds => new Date(seconds * 1000).toDateString() === new Date().toDateString() ? clock(seconds) : day(seconds);

function drawPane() {
  const chat = current();
  $('app').classList.toggle('show-chat', !!chat);
  $('app').classList.toggle('show-list', !chat);
  for (const id of ['head', 'scroll', 'foot']) $(id).hidden = !chat;
  $('empty').hidden = !!chat;
  $('empty').replaceChildren(el('span', {}, w.pick));
  if (!chat || !page.data) return;
  const { data } = page;
  $('head-avatar').replaceWith(Object.assign(avatar(titleOf(chat), chat.private ? page.state.bot.id : chat.id, chat.private), { id: 'head-avatar' }));
  $('head-title').textContent = titleOf(chat);
  const busy = data.action ? (data.action === 'typing' ? w.typing : w.sending) : '';
  $('head-sub').textContent = busy || (chat.private ? w.bot : w.members(chat.members));
  $('head-sub').classList.toggle('lively', !!busy);
  $('chat-menu').hidden = !chat.private;
  drawTopics(chat);
  const scroll = $('scroll');
  const atEnd = page.jumpToEnd || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  drawMessages(chat, data);
  drawFoot(chat, data);
  if (atEnd) { scroll.scrollTop = scroll.scrollHeight; page.jumpToEnd = false; }
  markSeen(chat, data);
  drawDown(chat);
}

function drawTopics(chat) {
  $('topics').hidden = !(chat.forum && chat.topics.length);
  if ($('topics').hidden) { page.topic = null; return; }
  if (!differs('topics', chat.topics, page.topic)) return;
  const chip = (id, name, testid) => el('button', { type: 'button', class: page.topic === id ? 'on' : '', 'data-testid': testid, onclick: () => { page.topic = id; draw(); } }, name);
  $('topics').replaceChildren(chip(null, w.all, 'topic-all'), ...chat.topics.map(topic => chip(topic.id, topic.name, `topic-${topic.id}`)));
}

function drawMessages(chat, data) {
  const all = [...page.earlier.filter(message => message.id < (data.messages[0]?.id ?? Infinity)), ...data.messages];
  const shown = page.topic === null ? all : all.filter(message => message.thread === page.topic);
  show($('messages'), shown, { who: page.me, chat: chat.id, group: !chat.private, busy: page.busy, act });
  const welcome = chat.private && !all.length;
  $('messages').classList.toggle('welcome', welcome);
  if (welcome) $('messages').replaceChildren(el('div', { class: 'card' }, el('b', {}, w.what), el('p', {}, page.state.bot.description || page.state.bot.about || page.state.bot.name)));
  $('earlier').hidden = !(page.earlier.length ? page.more : data.more);
  $('earlier').textContent = w.earlier;
}

function drawDown(chat) {
  const scroll = $('scroll');
  const far = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight > 200;
  $('down').hidden = !far;
  $('down').querySelector('span').textContent = chat?.unread || '';
}

function markSeen(chat, data) {
  const last = data.messages.at(-1)?.id;
  if (!last || !chat.unread || document.hidden) return;
  const scroll = $('scroll');
  if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 200) tell(post('/api/seen', { chat: chat.id, message: last }));
}

function drawFoot(chat, data) {
  const wantsStart = chat.private && (!chat.started || chat.blocked || page.starting !== null);
  if ($('form').hidden !== wantsStart) { $('form').hidden = wantsStart; grow(); }
  $('start').hidden = !wantsStart;
  $('start').textContent = chat.blocked ? w.restart : page.starting ? w.draftStart(page.starting) : w.start;
  $('commands-toggle').hidden = !data.menu.length;
  $('commands-toggle').textContent = innerWidth < 700 ? '/' : w.menu;
  $('commands-toggle').setAttribute('aria-label', w.menu);
  $('text').placeholder = w.write;
  $('anonymous').hidden = !chat.admin;
  $('anonymous').setAttribute('aria-pressed', String(page.anonymous && chat.admin));
  $('anonymous').title = page.anonymous ? w.asGroup : w.asMe;
  for (const [id, label] of [['send', w.send], ['attach', w.attach], ['back', w.back], ['chat-menu', w.more]]) $(id).setAttribute('aria-label', label);
  $('reply-bar').hidden = !page.replying;
  if (page.replying) {
    $('reply-bar').querySelector('b').textContent = page.replying.author;
    $('reply-bar').querySelector('span').textContent = preview_line(page.replying);
  }
}

// Acting -------------------------------------------------------------------

function become(key) {
  if (key === page.me) return;
  keepDraft();
  Object.assign(page, { me: key, chat: null, data: null, replying: null, anonymous: false, starting: null, earlier: [], topic: null });
  store.set('as', key);
  $('text').value = '';
  history.replaceState(null, '', '/');
  refresh();
}

function open(id, quietly) {
  if (id === undefined) return;
  keepDraft();
  page.opened = true;
  const changed = id !== page.chat;
  Object.assign(page, { chat: id, jumpToEnd: true });
  if (changed) Object.assign(page, { data: null, replying: null, earlier: [], topic: null });
  $('text').value = page.drafts.get(`${page.me}/${id}`) ?? '';
  grow();
  if (!quietly) {
    if (!history.state?.chat) history.pushState({ chat: true }, '', '/');
    refresh();
    if (matchMedia('(hover: hover)').matches) $('text').focus();
  }
}

function close() {
  keepDraft();
  page.chat = null;
  page.data = null;
}

function keepDraft() {
  if (page.chat !== null) page.drafts.set(`${page.me}/${page.chat}`, $('text').value);
}

addEventListener('popstate', () => { if (innerWidth <= 700 && page.chat !== null) { close(); draw(); } });
$('back').addEventListener('click', () => { if (history.state?.chat) history.back(); else { close(); draw(); } });

function say(text) {
  const { replying } = page;
  page.replying = null;
  page.jumpToEnd = true;
  tell(post('/api/say', { chat: page.chat, text, reply: replying?.id, thread: page.topic ?? replying?.thread ?? undefined, anonymous: page.anonymous && !!current()?.admin }));
}

$('form').addEventListener('submit', event => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text) return;
  $('text').value = '';
  grow();
  suggest();
  say(text);
});
$('text').addEventListener('keydown', event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); $('form').requestSubmit(); }
  if (event.key === 'Escape') { page.replying = null; $('suggest').hidden = true; draw(); }
});
$('text').addEventListener('input', () => { grow(); suggest(); });

function grow() {
  const text = $('text');
  text.style.height = 'auto';
  if (text.scrollHeight) text.style.height = `${Math.min(text.scrollHeight, 160)}px`;
}

/** The "/" list: all commands by the button, those that fit while typing. */
function suggest(all) {
  const typed = $('text').value;
  const fits = all ? page.data?.menu : /^\/\w*$/.test(typed) ? page.data?.menu.filter(c => c.command.startsWith(typed.slice(1))) : [];
  $('suggest').hidden = !fits?.length;
  $('suggest').replaceChildren(...(fits ?? []).map(({ command, description }) => el('div', { class: 'command' },
    el('button', { type: 'button', 'data-testid': `command-${command}`, onclick: () => { $('suggest').hidden = true; $('text').value = ''; grow(); say(`/${command}`); } },
      el('b', {}, `/${command}`), el('span', {}, description)),
    el('button', { type: 'button', class: 'insert', 'aria-label': w.insert, title: w.insert, onclick: () => { $('suggest').hidden = true; $('text').value = `/${command} `; $('text').focus(); } }, '↖'))));
}
$('commands-toggle').addEventListener('click', event => { event.stopPropagation(); if ($('suggest').hidden) suggest(true); else $('suggest').hidden = true; });
document.addEventListener('click', event => { if (!event.target.closest('#suggest, #form')) $('suggest').hidden = true; });

$('start').addEventListener('click', () => {
  const payload = current()?.blocked ? '' : page.starting ?? '';
  page.starting = null;
  page.jumpToEnd = true;
  tell(post('/api/start', { payload }));
});
$('attach').addEventListener('click', () => $('file-input').click());
$('file-input').addEventListener('change', () => { for (const file of $('file-input').files) upload(file); $('file-input').value = ''; });
$('pane').addEventListener('dragover', event => event.preventDefault());
$('pane').addEventListener('drop', event => { event.preventDefault(); for (const file of event.dataTransfer.files) upload(file); });

function upload(file) {
  if (page.chat === null) return;
  const about = new URLSearchParams({ as: page.me, chat: page.chat, name: file.name, caption: $('text').value.trim() });
  if (page.topic !== null) about.set('thread', page.topic);
  $('text').value = '';
  page.jumpToEnd = true;
  tell(fetch(`/api/upload?${about}`, { method: 'POST', headers: { 'content-type': file.type || 'application/octet-stream' }, body: file }).then(json));
}

$('anonymous').addEventListener('click', () => { page.anonymous = !page.anonymous; toast(page.anonymous ? w.asGroup : w.asMe); draw(); });
$('reply-cancel').addEventListener('click', () => { page.replying = null; draw(); });
$('down').addEventListener('click', () => { $('scroll').scrollTo({ top: $('scroll').scrollHeight, behavior: 'smooth' }); });
$('scroll').addEventListener('scroll', () => { const chat = current(); if (chat && page.data) { drawDown(chat); markSeen(chat, page.data); } }, { passive: true });
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
$('earlier').addEventListener('click', async () => {
  const before = page.earlier[0]?.id ?? page.data.messages[0].id;
  const older = await get(`/api/chat?as=${encodeURIComponent(page.me)}&chat=${page.chat}&before=${before}`);
  page.earlier = [...older.messages, ...page.earlier];
  page.more = older.more;
  const height = $('scroll').scrollHeight;
  draw();
  $('scroll').scrollTop += $('scroll').scrollHeight - height;
});
$('chat-menu').addEventListener('click', event => {
  const chat = current();
  menu(event.currentTarget, [
    { label: chat.blocked ? w.unblock : w.block, testid: 'block', run: () => tell(post('/api/block', { on: !chat.blocked })) },
    { label: isChinese() ? w.english : w.chinese, testid: 'language', run: () => tell(post('/api/language', { language: isChinese() ? 'en' : 'zh-hans' })) },
    { label: w.copyLink, run: () => copy(`https://t.me/${page.state.bot.username}`) },
  ]);
});

const act = {
  reply(message) { page.replying = message; draw(); $('text').focus(); },
  jump(id) {
    const node = $(`m${id}`);
    node?.scrollIntoView({ block: 'center', behavior: 'smooth' });
    node?.classList.add('flash');
    setTimeout(() => node?.classList.remove('flash'), 1200);
  },
  command(words) { say(words); },
  /** Links to the bot open here; others in a new tab. */
  link(event, href) {
    const url = new URL(href, location.href);
    const bot = page.state.bot.username.toLowerCase();
    const [, name] = url.pathname.toLowerCase().split('/');
    if (['t.me', 'telegram.me'].includes(url.hostname)) {
      event?.preventDefault();
      if (name !== bot) { toast(w.notHere + href); return; }
      page.starting = url.searchParams.get('start');
      open(botChat().id);
      return;
    }
    if (event) { event.currentTarget.target = '_blank'; event.currentTarget.rel = 'noopener'; }
    else window.open(href, '_blank', 'noopener');
  },
  async press(message, row, column, button) {
    if (button.copy_text) { copy(button.copy_text.text); return; }
    if (button.url || button.web_app) { act.link(null, button.url ?? button.web_app.url); return; }
    if (button.pay) { tell(post('/api/pay', { chat: page.chat, message: message.id })); return; }
    const inline = button.switch_inline_query_current_chat ?? button.switch_inline_query;
    if (inline !== undefined) { $('text').value = `@${page.state.bot.username} ${inline}`; $('text').focus(); return; }
    const key = `${page.chat}/${message.id}/${row}/${column}`;
    if (page.busy.has(key)) return;
    page.busy.add(key);
    page.jumpToEnd = $('scroll').scrollHeight - $('scroll').scrollTop - $('scroll').clientHeight < 80;
    draw();
    try {
      const { query: id } = await post('/api/press', { chat: page.chat, message: message.id, row, column });
      const answer = await get(`/api/answer?query=${id}`);
      if (!answer) toast(w.noAnswer);
      else if (answer.url) act.link(null, answer.url);
      else if (answer.text && answer.alert) alertBox(answer.text);
      else if (answer.text) toast(answer.text);
    } catch (error) {
      toast(error.message);
    } finally {
      page.busy.delete(key);
      draw();
    }
  },
};

history.replaceState(null, '', '/');
listen();
