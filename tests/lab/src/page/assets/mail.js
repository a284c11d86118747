// The inbox: all mails that the shop sent, and one of them open.
const $ = id => document.getElementById(id);
let language = navigator.language;
try { language = localStorage.getItem('language') ?? language; } catch { /* private windows keep nothing */ }
const zh = language.startsWith('zh');
const w = zh
  ? { title: '收件箱', none: '还没有邮件', from: '发件人', to: '收件人', at: '时间', html: '网页', text: '纯文本', headers: '邮件头', back: '返回' }
  : { title: 'Inbox', none: 'No mail yet', from: 'From', to: 'To', at: 'Date', html: 'HTML', text: 'Plain text', headers: 'Headers', back: 'Back' };
document.title = w.title;
document.querySelector('h1').textContent = w.title;
for (const tab of document.querySelectorAll('#tabs button')) tab.textContent = w[tab.dataset.view];

const time = at => new Date(at).toLocaleString(zh ? 'zh-CN' : 'en', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
const node = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text ?? '', className: className ?? '' });
const openId = () => Number(location.hash.slice(1)) || 0;

async function list() {
  const { mails } = await (await fetch('/api/mails')).json();
  try { localStorage.setItem('mails', String(mails.length)); } catch { /* private windows keep nothing */ }
  $('list').replaceChildren(...(mails.length ? mails.map(mail => {
    const button = node('a', '', mail.id === openId() ? 'on' : '');
    button.href = `#${mail.id}`;
    button.dataset.testid = `mail-${mail.id}`;
    button.dataset.to = mail.to.join(' ');
    const top = node('div', '', 'top');
    top.append(node('b', mail.to.join(', ')), node('time', time(mail.at)));
    button.append(top, node('div', mail.subject, 'subject'), node('div', mail.start, 'start'));
    return button;
  }) : [node('p', w.none, 'none')]));
}

let view = 'html';
function pick(name) {
  view = name;
  for (const id of ['html', 'text', 'headers']) $(id).hidden = id !== name;
  for (const tab of document.querySelectorAll('#tabs button')) tab.classList.toggle('on', tab.dataset.view === name);
}

let shown = 0;
async function show() {
  const id = openId();
  document.body.classList.toggle('open', !!id);
  $('mail').hidden = !id;
  if (!id || id === shown) return;
  const response = await fetch(`/api/mails/${id}`);
  if (!response.ok) { location.hash = ''; return; }
  const mail = await response.json();
  shown = id;
  document.querySelector('#mail h2').textContent = mail.subject;
  const about = document.querySelector('#mail dl');
  about.replaceChildren(...[[w.from, mail.from], [w.to, mail.to.join(', ')], [w.at, time(mail.at)]].flatMap(([name, value]) => [node('dt', name), node('dd', value)]));
  $('html').src = mail.has_html ? `/api/mails/${id}/html` : 'about:blank';
  $('text').textContent = mail.text;
  $('headers').textContent = mail.headers.map(([name, value]) => `${name}: ${value}`).join('\n');
  $('files').replaceChildren(...mail.files.map((file, n) => {
    const link = node('a', `📎 ${file.name} (${file.size} B)`);
    link.href = `/api/mails/${id}/files/${n}`;
    link.download = file.name;
    return link;
  }));
  pick(mail.has_html ? view : 'text');
}

for (const tab of document.querySelectorAll('#tabs button')) tab.addEventListener('click', () => pick(tab.dataset.view));
$('back').addEventListener('click', () => { location.hash = ''; });
$('back').setAttribute('aria-label', w.back);
const refresh = async () => { await show(); await list(); };
addEventListener('hashchange', refresh);
new EventSource('/api/events').onmessage = refresh;
