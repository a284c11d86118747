// The page's own words. What the bot says is not ours.
const zh = {
  customer: '客户', distributor: '分销员', admin: '管理员', bot: '机器人', members: n => `${n} 位成员`,
  inbox: '收件箱', write: '输入消息', menu: '菜单', start: '开始', restart: '解除屏蔽并重新开始', edited: '已编辑',
  pick: '选择一个对话', what: '这个机器人能做什么？', copied: '已复制', today: '今天', yesterday: '昨天',
  typing: '正在输入…', sending: '正在发送文件…', earlier: '更早的消息', all: '全部', general: '常规',
  block: '屏蔽机器人', unblock: '解除屏蔽', english: 'App 语言：切换到 English', chinese: 'App 语言：切换到中文',
  copyLink: '复制机器人链接', photo: '图片', document: '文件', invoice: '账单', draftStart: p => `开始（${p}）`,
  forwarded: n => `转发自 ${n}`, pay: n => `支付 ${n} ⭐`, asGroup: '以群的身份发言', asMe: '以自己的身份发言', reply: '回复',
  outside: '外部链接，在新标签页打开', notHere: '这里没有这个：', noAnswer: '机器人没有回应这个按钮', lost: '连接断开，正在重连…',
  send: '发送', attach: '添加文件', back: '返回', more: '更多', insert: '填入输入框', copy: '复制', you: '你', ok: '好',
  joined: n => `${n} 加入了群`, left: n => `${n} 离开了群`, migrated: () => '群已升级为超级群', topic: n => `话题「${n}」已创建`,
  topic_renamed: n => `话题改名为「${n}」`, topic_closed: () => '话题已关闭', topic_reopened: () => '话题已重新打开',
  pinned: () => '置顶了一条消息', paid: n => `付款成功 ${n}`, refunded: n => `已退款 ${n}`,
};
const en = {
  customer: 'customer', distributor: 'distributor', admin: 'admin', bot: 'bot', members: n => `${n} members`,
  inbox: 'Inbox', write: 'Message', menu: 'Menu', start: 'Start', restart: 'Unblock and restart', edited: 'edited',
  pick: 'Choose a chat', what: 'What can this bot do?', copied: 'Copied', today: 'Today', yesterday: 'Yesterday',
  typing: 'typing…', sending: 'sending a file…', earlier: 'Earlier messages', all: 'All', general: 'General',
  block: 'Block the bot', unblock: 'Unblock', english: 'App language: switch to English', chinese: 'App language: switch to 中文',
  copyLink: 'Copy the bot’s link', photo: 'Photo', document: 'File', invoice: 'Bill', draftStart: p => `Start (${p})`,
  forwarded: n => `Forwarded from ${n}`, pay: n => `Pay ${n} ⭐`, asGroup: 'Speak as the group', asMe: 'Speak as yourself', reply: 'Reply',
  outside: 'External link, opens in a new tab', notHere: 'Not available here: ', noAnswer: 'The bot did not answer this button', lost: 'Connection lost, trying again…',
  send: 'Send', attach: 'Attach a file', back: 'Back', more: 'More', insert: 'Put in the input field', copy: 'Copy', you: 'You', ok: 'OK',
  joined: n => `${n} joined the group`, left: n => `${n} left the group`, migrated: () => 'The group is a supergroup now', topic: n => `Topic “${n}” was created`,
  topic_renamed: n => `Topic renamed to “${n}”`, topic_closed: () => 'Topic closed', topic_reopened: () => 'Topic reopened',
  pinned: () => 'pinned a message', paid: n => `Paid ${n}`, refunded: n => `Refunded ${n}`,
};
let words = zh;
export const w = new Proxy({}, { get: (_, name) => words[name] ?? name });

/** The page speaks the language of the person whose phone this is. */
export function speak(language) {
  words = language.startsWith('zh') ? zh : en;
  document.documentElement.lang = language.startsWith('zh') ? 'zh-CN' : 'en';
}

export const isChinese = () => words === zh;

export const clock = seconds =>
  new Date(seconds * 1000).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });

export function day(seconds) {
  const date = new Date(seconds * 1000), now = new Date();
  const days = Math.round((new Date(now.toDateString()) - new Date(date.toDateString())) / 864e5);
  if (days === 0) return w.today;
  if (days === 1) return w.yesterday;
  return date.toLocaleDateString(isChinese() ? 'zh-CN' : 'en', { month: 'long', day: 'numeric', year: date.getFullYear() === now.getFullYear() ? undefined : 'numeric' });
}

export const size = bytes =>
  bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
