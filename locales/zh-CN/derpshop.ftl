## shared
time-left-days = 还剩 { $days } 天
time-left-hours = 还剩 { $hours } 小时
time-left-minutes = 还剩 { $minutes } 分钟
time-overdue-days = 已过期 { $days } 天
time-overdue-hours = 已过期 { $hours } 小时
duration-seconds = { $seconds } 秒
duration-minutes = { $minutes } 分钟
duration-hours = { $hours } 小时
duration-hours-minutes = { $hours } 小时 { $minutes } 分钟
duration-days = { $days } 天
cap-period = 每 30 天 { $amount }（每转发 1 GB 计 2 GB）
cap-none = 不限
traffic-line = { $used } / { $cap }，{ $reset } 重置
traffic-line-free = { $used }（不限）
plan-title = { $days } 天
plan-title-dual = { $days } 天 · 双中继
plan-terms =
    <b>{ $plan }</b>，{ $days } 天，{ $price }
    流量：{ $cap }
    设备：最多 { $devices } 台
    { $relays ->
        [2] 双中继：两台服务器各一个，坏一台时客户端几秒内自动切换
       *[other] 单中继：服务器故障时我们换机，你需要更新一次 ACL 配置
    }
plan-terms-hourly =
    <b>{ $plan }</b>，每小时 { $rate }，先用后付，从余额扣
    随时启动或停止，只计运行时间
    流量：{ $cap }
    设备：最多 { $devices } 台
usage-notes =
    <b>使用须知</b>
    • 客户端需 Tailscale 1.84 或更新版本（用到证书指纹校验）。
    • 经中继通信的设备都占名额，通信两端都算。
    • 流量按中继网卡进出合计：每转发 1 GB 计 2 GB。直连流量不经过中继，不计。
    • 自定义 DERP 不支持节点共享（node sharing）等跨 tailnet 功能。
    • 能直连时 Tailscale 自动直连；中继负责协商打洞，直连不通时转发。

## start
start-welcome =
    <b>{ $shop }</b>：你自己的 Tailscale DERP 中继，开通约 1 分钟。

    独立容器，不与他人共用；Tailscale 和 headscale 都能用。

    先用邮箱注册：收一个 6 位验证码，不用设密码。继续即表示同意{ $terms }。
start-welcome-plain =
    <b>{ $shop }</b>：你自己的 Tailscale DERP 中继，开通约 1 分钟。

    独立容器，不与他人共用；Tailscale 和 headscale 都能用。

    点「开始使用」即可，不用注册。继续即表示同意{ $terms }。
start-terms-link = <a href="{ $url }">服务条款</a>
start-terms-command = 服务条款（/terms）
start-referral =
    <b>{ $distributor }</b> 邀请你使用 <b>{ $shop }</b>：你自己的 Tailscale DERP 中继，开通约 1 分钟。

    价格与直接购买相同，售后由我们负责。

    先用邮箱注册：收一个 6 位验证码，不用设密码。继续即表示同意{ $terms }。
start-referral-existing = 你已有账户，推广关系以首次为准，这个链接不会改变任何东西。
start-serial-kept = 序列号已收到，注册完成后接着激活。
start-redeem-preview =
    序列号 <code>{ $code }</code> 可以激活：

    { $terms }

    激活后立即计为已使用。现在激活吗？

## register
register-email-ask = 把你的邮箱发给我。到期提醒和续费通知也会发到这里。
register-email-invalid = <code>{ $input }</code> 不是有效的邮箱地址。检查一下再发一次，例如 <code>name@example.com</code>。
register-code-sent =
    验证码已发到 <code>{ $email }</code>，{ $minutes } 分钟内有效，把 6 位数字发给我。
    没收到先看垃圾邮件，{ $seconds } 秒后可重发。
register-code-form = 验证码是邮件里的 6 位数字，把它发给我。收不到就点下面的按钮。
register-code-many = 这一小时验证码发得太多了，{ $until } 后可以再发。上一个验证码在有效期内仍可使用。
register-code-wrong = 验证码不对，还可以试 { $tries } 次。
register-code-expired = 这个验证码已失效。点「重发验证码」获取新的。
register-code-wait = { $seconds } 秒后可以重发。上一个验证码仍然有效。
register-mail-failed =
    邮件没能送到 <code>{ $email }</code>：{ $reason }。
    换一个邮箱，或稍后重发。
register-email-taken = 这个邮箱已绑定另一个 Telegram 账户。换一个邮箱，或用原来的账户登录；两个都不行就联系客服。
register-done = ✅ 注册完成，邮箱 <code>{ $email }</code> 已验证。
mail-why-mailbox = 收件地址不存在或已停用
mail-why-refused = 对方邮件服务器拒收
mail-why-unreachable = 暂时连不上邮件服务器
register-email-changed = ✅ 邮箱已换成 <code>{ $email }</code>。提醒和续费通知会发到这里。
register-email-same = <code>{ $email }</code> 已经是你的邮箱，不用验证。

## menu
menu-home =
    <b>{ $shop }</b>

    中继：{ $active } 个运行中
    最近到期：{ $next_end }（{ $left }）
    余额：{ $balance }
menu-home-empty =
    <b>{ $shop }</b>

    你还没有中继。有序列号就点「激活序列号」，没有就点「购买套餐」。
menu-home-relays =
    <b>{ $shop }</b>

    中继：{ $active } 个运行中
    最近到期：{ $next_end }（{ $left }）
menu-home-waiting =
    <b>{ $shop }</b>

    中继开通中，好了会通知你。
menu-home-new =
    <b>{ $shop }</b>

    你还没有中继。有序列号就点「激活序列号」，约 1 分钟开通。

## redeem
redeem-ask = 把序列号发给我。空格、横线、大小写都不影响。
redeem-typo =
    <code>{ $code }</code> 没通过校验，多半是输错或漏了字符。
    从卖家的消息里整段复制再发一次。这次不计入错误次数。
redeem-unknown =
    没有这个序列号。核对一下再发，或向卖家确认。
    本小时还可以试 { $tries } 次。
redeem-locked = 错误次数过多，激活功能暂停到 { $until }。已有的中继不受影响。
redeem-used = 这个序列号已在 { $date } 激活过，不能再用。请向卖家换一个。
redeem-used-self = 这个序列号你已在 { $date } 激活，天数在 <b>{ $relay }</b> 上，到期时间 { $end }。
redeem-expired = 这个序列号须在 { $date } 前激活，现已过期。请联系卖家。
redeem-revoked = 这个序列号已作废，不能激活。请联系卖家。
redeem-not-ready = 这个序列号暂时不能激活。请联系卖家，不要丢弃它。
redeem-target =
    { $terms }

    用在哪里？续费会把天数加在当前到期时间之后。
redeem-region = 选一个地区。离你的设备越近，延迟越低。
redeem-region-latency = 延迟从{ $vantage }测得，仅供参考；以你设备上 <code>tailscale netcheck</code> 的结果为准。
redeem-soldout = 现在没有可开通的地区。序列号没有被使用，仍然有效，过些时候再发一次。
redeem-extended =
    ✅ <b>{ $relay }</b> 已续 { $days } 天
    原到期：{ $old_end }
    现到期：{ $new_end }（{ $left }）
    中继和 ACL 配置不变，不用操作。
serial-terms =
    <b>{ $plan }</b>，{ $days } 天
    流量：{ $cap }
    设备：最多 { $devices } 台
    { $relays ->
        [2] 双中继：两台服务器各一个，坏一台时客户端几秒内自动切换
       *[other] 单中继：服务器故障时我们换机，你需要更新一次 ACL 配置
    }
redeem-accepted = ✅ 序列号 <code>{ $code }</code> 已激活，进度见下一条消息。
redeem-left = 没有激活，序列号仍然有效。需要时再发一次就行。

## provision
provision-progress =
    <b>{ $relay }</b> 开通中

    { $steps }

    通常 1 分钟内完成，好了会通知你。
step-done = ✅ { $step }
step-now = ⏳ { $step }…
step-todo = · { $step }
step-failed = ❌ { $step }
provision-step-place = 选择服务器
provision-step-start = 启动中继
provision-step-probe = 从外网测试
provision-step-config = 生成 ACL 配置
provision-slow = 比平时慢，仍在开通，不需要你操作。中继启动后才开始计时。
provision-moved = 第一台服务器没有通过测试，正在换一台。时长不受影响。
provision-failed =
    ❌ <b>{ $relay }</b> 还没开通成功：{ $tries } 台服务器都没有通过测试，运维已在处理。

    天数已记在你名下，还没开始计时，不用再次激活。修好后自动开通并通知你。
provision-done = ✅ <b>{ $relay }</b> 已开通，测试全部通过。ACL 配置见下一条消息。

## relay
relay-list = <b>我的中继</b>（{ $count } 个）
relay-list-empty = 你还没有中继。有序列号就点「激活序列号」，约 1 分钟后就能用。
relay-card =
    { $glyph } <b>{ $relay }</b> · { $status }
    套餐：{ $plan }
    地址：<code>{ $address }</code>
    到期：{ $end }（{ $left }）
    流量：{ $traffic }
    设备：{ $devices } / { $device_limit } 台
relay-card-hourly =
    { $glyph } <b>{ $relay }</b> · { $status }
    计费：每小时 { $rate }，只计运行时间
    地址：<code>{ $address }</code>
    本月：{ $hours } 小时，{ $amount }
    余额：{ $balance }，按当前用量约够 { $hours_left } 小时
    流量：{ $traffic }
    设备：{ $devices } / { $device_limit } 台
relay-status-running = 运行中
relay-status-starting = 开通中
relay-status-attention = 需要处理
relay-status-overcap = 流量已用完
relay-status-expired = 已到期
relay-status-paused = 已暂停
relay-status-stopped = 已停止
relay-status-released = 已释放
relay-serial-line = <code>{ $code }</code> · { $days } 天 · { $redeemed } 激活 · 用到 { $until }
relay-traffic =
    <b>{ $relay }</b> 流量
    { $bar } { $percent }%
    已用：{ $used } / { $cap }（进 { $rx }，出 { $tx }）
    重置：{ $reset }
    { $projection }
relay-traffic-ok = 按近 7 天的速度，本期用不完。
relay-traffic-out = 按近 7 天的速度，{ $date } 左右用完。
relay-history-line = { $at } · { $what }
relay-row = { $glyph } { $relay } · { $left }
relay-serials = <b>{ $relay }</b> 用过的序列号
relay-history = <b>{ $relay }</b> 的历史记录
relay-not-yet = 尚未确定
relay-end-starts = 中继启动后开始计时
glyph-good = 🟢
glyph-busy = ⏳
glyph-attention = 🟡
glyph-stopped = 🔴
glyph-idle = ⚪
history-redeemed = 激活序列号
history-passed = 中继通过测试，开始运行
history-moved = 一台服务器没有通过测试，换了一台
history-renewed = 续费或恢复
history-paused = 暂停
history-ended = 到期，中继停止
history-released = 已释放

## acl
acl-delivery =
    <b>ACL 配置</b>，第 { $version } 版：{ $contents }

    <pre>{ $snippet }</pre>

    1. 打开 Tailscale 控制台的 <a href="https://login.tailscale.com/admin/acls/file">Access controls</a>，切到 JSON 编辑器。
    2. 把上面这段放在第一个 <code>{"{"}</code> 之后，保存。几秒内下发到在线设备。
    3. 在任一设备执行 <code>tailscale netcheck</code>，应看到 <code>{ $region_code }</code>。

    策略里已有 <code>derpMap</code> 时，只把 <code>Regions</code> 里的 { $region_ids } 合并进去。
    客户端需 1.84 或更新版本；经中继通信的设备都占名额；不支持节点共享（node sharing）。
acl-steps-headscale =
    <b>headscale</b>

    1. 在 <code>config.yaml</code> 的 <code>derp</code> 段加上这个 URL，原有的保留：
    <pre>derp:
      urls:
        - https://controlplane.tailscale.com/derpmap/default
        - { $url }
      auto_update_enabled: true
      update_frequency: 10m</pre>
    2. 重启 headscale，在任一设备执行 <code>tailscale netcheck</code>，应看到 <code>{ $region_code }</code>。

    以后地址有变，headscale 按 <code>update_frequency</code> 自动拉取（默认 3h，建议 10m）。
    这个 URL 相当于密码，不要公开。
acl-keep-default = 请保留官方中继，不要设置 <code>OmitDefaultRegions</code>：中继停止时，设备才有别处可用。
acl-updated =
    ⚠️ <b>{ $relay }</b> 的 ACL 配置已更新到第 { $version } 版
    变化：{ $change }

    请用下面的内容替换 <code>derpMap</code> 里的 { $region_ids }，其余不动：
    <pre>{ $snippet }</pre>
acl-updated-auto =
    ✅ <b>{ $relay }</b> 的 ACL 配置已自动更新到第 { $version } 版
    变化：{ $change }
    不需要你操作。不想要这次修改可以撤销。
acl-updated-headscale =
    <b>{ $relay }</b> 的 ACL 配置已更新到第 { $version } 版
    变化：{ $change }
    headscale 会在下次拉取时生效。想马上生效就重启 headscale。
acl-auto-ask =
    <b>自动更新</b>
    给我们一个只含策略文件权限（policy_file）的 OAuth 客户端，地址变化时我们直接改 <code>derpMap</code>，其余内容和注释一字不动，每次都可撤销。

    把 client ID 和 secret 用空格隔开发给我，收到后这条消息会删除。
acl-auto-on = ✅ 自动更新已开启，写入测试通过。每次修改都会通知你。
acl-auto-failed =
    ⚠️ 没能写入你的策略文件：{ $reason }。
    策略没有改动。请手动替换，或重新授权。
acl-policy-ask = 把完整的策略文件发给我（文本或文件），我们检查并合并 <code>derpMap</code>。文件不会保存。
acl-policy-ok = ✅ 语法正确，已合并 { $region_ids }，其余一字未动。用附件替换控制台里的内容。
acl-policy-bad = 第 { $line } 行有语法错误：{ $reason }。改好再发一次；没有任何内容被修改。
acl-none = 还没有 ACL 配置。中继开通后会自动生成，并发到这里。
acl-delivery-long =
    <b>ACL 配置</b>，第 { $version } 版：{ $contents }

    内容较长，请用「网页复制」或「下载 JSON」。

    1. 打开 Tailscale 控制台的 <a href="https://login.tailscale.com/admin/acls/file">Access controls</a>，切到 JSON 编辑器。
    2. 把 <code>derpMap</code> 放在第一个 <code>{"{"}</code> 之后，保存。策略里已有 <code>derpMap</code> 时，只合并 <code>Regions</code> 里的 { $region_ids }。
    3. 在任一设备执行 <code>tailscale netcheck</code>，应看到 <code>{ $region_code }</code>。
acl-changed =
    ⚠️ ACL 配置已更新到第 { $version } 版
    变化：{ $change }。请用新的内容替换原来的 <code>derpMap</code>。
acl-change-first = 首次生成
acl-change-added = 增加了中继
acl-change-removed = 移除了中继
acl-change-moved = 中继换了地址或证书
acl-change-manual = 管理员调整
acl-file-caption = ACL 配置第 { $version } 版，整个策略文件可直接用这个 <code>derpMap</code>。
acl-versions = <b>ACL 配置的历史版本</b>
acl-version-line = 第 { $version } 版 · { $at } · { $change }

## test
test-running = ⏳ 正在从{ $vantage }测试 <b>{ $relay }</b>，约 { $seconds } 秒。
test-good =
    🟢 <b>{ $relay }</b> 一切正常
    TLS：{ $tls_ms } ms，证书指纹一致
    DERP 握手：{ $derp_ms } ms
    转发往返：{ $relay_ms } ms
    STUN（UDP）：{ $stun_ms } ms
    测点：{ $vantage }，{ $at }

    设备仍连不上？问题多半在本地网络或 ACL 配置，点「连不上？」排查。
test-bad =
    🔴 <b>{ $relay }</b> 测试未通过：{ $failed }
    { $results }
    测点：{ $vantage }，{ $at }

    { $cure }
test-line-ok = { $name }：{ $ms } ms
test-line-failed = { $name }：失败
test-line-skipped = { $name }：未测
test-cure-ours = 问题在我们这边，运维已收到告警，修好后通知你。急用就先从 <code>derpMap</code> 里删掉 { $region_ids }，设备会改用官方中继。
test-cure-pin = 服务器给出的证书与 ACL 配置里的指纹不符。在确认之前不要改动配置，运维已收到告警。
test-cure-stun = TCP 转发可用，只是 UDP 测速不通，客户端可能不会优先选它。运维已收到告警，不需要你操作。
test-cure-expired = 中继已到期停止。续费后原地址、原端口恢复，ACL 配置不用改。
test-cure-overcap = 本期流量已用完，中继已停止。续费、加购流量，或等 { $reset } 重置。
test-cure-paused = 中继已暂停，剩余天数不减。恢复后再测。
test-cure-stopped = 中继是你停止的。点「启动」后再测。
broken-steps =
    在连不上的设备上依次执行：

    1. <code>tailscale version</code>
    应不低于 1.84，更旧的版本不认证书指纹。
    2. <code>tailscale netcheck</code>
    应出现 <code>{ $region_code }: 38ms</code> 这样一行。没有这行：ACL 配置没生效；有这行但没有延迟：本地网络拦了 UDP { $port }。
    3. <code>tailscale ping 对端名称</code>
    应看到 <code>via DERP({ $region_code })</code>。看到的是 IP 和端口，说明已直连，比中继更快。

    防火墙需放行到 <code>{ $address }</code> 的 TCP 和 UDP。
    <code>tailscale debug derp</code> 在 1.100 之前会误报证书错误，不要以它为准。
broken-sent = ✅ 测试结果已发给运维，编号 <code>{ $ref }</code>。有进展会在这里回复你。
test-nothing = <b>{ $relay }</b> 还在准备，暂时没有可测的中继。开通后再测。
test-line-why = { $name }：{ $why }
test-step-tls = TLS
test-step-derp = DERP 握手
test-step-relay = 转发往返
test-step-stun = STUN（UDP）
test-why-refused = 连接被拒绝
test-why-silent = 没有回应
test-why-pin = 证书指纹不一致
test-why-dates = 证书不在有效期内
test-why-rejected = 接入校验未通过
test-why-udp = UDP 没有回应或地址不对
test-why-protocol = 协议错误
test-cure-ours-short = 问题在我们这边。稍等一分钟再测一次；还不行就点「连不上？」，再点「发给运维」。

## device
device-list =
    <b>{ $relay }</b> 的设备：{ $devices } / { $limit } 台
    7 天未出现的设备自动让出名额。
device-line = { $glyph } { $name } · { $seen }
device-card =
    { $glyph } <b>{ $name }</b>
    密钥：<code>{ $key }</code>
    来自：{ $ip }
    首次：{ $first }
    最近：{ $last }

    中继看不到设备名。在设备上执行 <code>tailscale status --json</code> 对照 <code>PublicKey</code>。
device-over-limit =
    ⚠️ <b>{ $relay }</b> 出现第 { $count } 台设备，套餐上限 { $limit } 台
    密钥：<code>{ $key }</code>，来自 { $ip }

    先放行到 { $until }，之后拒绝连接。请移除旧设备、屏蔽它，或升级套餐。
    设备重新登录后会换密钥，看起来像一台新设备：移除旧的那台就行。
device-refused =
    🔴 <b>{ $relay }</b> 拒绝了设备 <code>{ $key }</code>：{ $reason }
    它可能停在这个中继上连不通，不会自动换到别的中继。移除一台旧设备后，它几秒内恢复。
device-blocked = 已屏蔽「{ $name }」，几秒内断开。它可能停在这个中继上连不通；解除屏蔽后恢复。
device-removed = 已移除「{ $name }」，腾出 1 个名额。它再次连接时按新设备计。
device-no-ip = 未知地址

## errors
error-generic =
    这一步没有完成，问题在我们这边。稍后再试；还不行就把编号 <code>{ $ref }</code> 发给客服。
error-rate-limit = 操作太快，{ $seconds } 秒后继续。刚才的请求没有执行。
error-button-old = 这个按钮已失效，下面是当前状态。
error-button-gone = 这个按钮已失效。
error-unknown-text = 没看懂这条消息。想激活序列号就直接把它发来，其他请从菜单选择。
error-banned = 这个账户已被停用。如有疑问，请联系客服并附上编号 <code>{ $ref }</code>。
error-maintenance = 系统维护中，预计 { $until } 恢复。已开通的中继照常工作。
error-not-found = 找不到这一项，可能已被删除。
error-group-only = 这条命令只能在运维群里用。
error-private-only = 这里是群聊。私聊我，才能查看你的中继和订单。
error-sales-stopped = 暂停销售中。已有的中继和续费不受影响。

## remind
remind-7 =
    <b>{ $relay }</b> 将于 { $end } 到期（{ $left }）。
    续费 { $days } 天：{ $price }。地址、端口和 ACL 配置都不变。
remind-3 =
    <b>{ $relay }</b> 将于 { $end } 到期（{ $left }）。
    到期后中继停止，保留到 { $kept_until }；在那之前续费，原样恢复。
remind-1 =
    ⚠️ <b>{ $relay }</b> 将于 { $end } 到期（{ $left }）。
    到期后中继停止，设备改用你的其他中继或官方中继。现在续费不会中断。
remind-auto-renew =
    <b>{ $relay }</b> 将在 { $at } 自动续费 { $days } 天，从余额扣 { $price }。
    当前余额 { $balance }。不想续就现在关闭。
remind-auto-renew-short =
    ⚠️ <b>{ $relay }</b> 自动续费需要 { $price }，余额 { $balance }，还差 { $missing }。
    在 { $at } 前充值即可；不够则不扣款，中继到期停止。
expired-stopped =
    🔴 <b>{ $relay }</b> 已到期，中继已停止。
    为你保留到 { $kept_until }：在那之前续费，原地址、原端口恢复，ACL 配置不用改。
expired-released =
    <b>{ $relay }</b> 的保留期已过，地址和端口已释放。
    <code>derpMap</code> 里的 { $region_ids } 可以删掉，不删也不影响使用。再次开通会分配新地址；记录仍可在「历史记录」查看。
renewed =
    ✅ <b>{ $relay }</b> 已续费 { $days } 天
    原到期：{ $old_end }
    现到期：{ $new_end }（{ $left }）
    不用操作，ACL 配置不变。
renewed-by-admin =
    ✅ 客服已为你续费 <b>{ $relay }</b>
    原到期：{ $old_end }
    现到期：{ $new_end }（{ $left }）
compensated = <b>{ $relay }</b> 补偿 { $days } 天，现到期 { $new_end }（{ $left }）。原因：{ $reason }。
paused = <b>{ $relay }</b> 已暂停，剩余 { $left_days } 天冻结。恢复后接着计时。
resumed = 🟢 <b>{ $relay }</b> 已恢复，现到期 { $new_end }（{ $left }）。

## traffic
traffic-80 = <b>{ $relay }</b> 本期流量已用 80%：{ $used } / { $cap }，{ $reset } 重置。{ $projection }
traffic-95 =
    ⚠️ <b>{ $relay }</b> 本期流量已用 95%：{ $used } / { $cap }。
    用完后中继停止，{ $reset } 重置后恢复。加购流量可避免中断。
traffic-100 =
    🔴 <b>{ $relay }</b> 本期流量已用完（{ $cap }），中继已停止。
    加购流量或续费立即恢复；否则 { $reset } 自动恢复。期间设备改用你的其他中继或官方中继。
traffic-resumed = 🟢 <b>{ $relay }</b> 已恢复：{ $reason }。本期流量 { $used } / { $cap }。
hourly-low =
    ⚠️ 余额 { $balance }，按当前用量约够 { $hours } 小时。
    用完后按小时计费的中继会停止，充值后可再启动。
hourly-stopped = 🔴 余额已用完，<b>{ $relay }</b> 已停止，停止后不再计费。充值后点「启动」恢复，地址不变。

## shop
shop-list = 选一个套餐。价格含全部费用，不开自动续费就不会自动扣款。
shop-plan =
    { $terms }
    可选地区：{ $regions }

    { $notes }
shop-soldout = { $region }暂时售罄。可以换个地区，或点「有货通知」。
shop-quantity = 买几个？每个是一个序列号，可以自用，也可以送人。
shop-change-plan =
    更换套餐：<b>{ $plan }</b>
    剩余 { $old_days } 天折算为 { $new_days } 天，差额 { $difference }
    新到期：{ $new_end }
    地址和 ACL 配置不变。
pay-choose =
    { $plan } × { $qty }，应付 <b>{ $amount }</b>
    余额 { $balance }。选择支付方式：
pay-pending =
    订单 <code>{ $order }</code>
    { $plan } × { $qty }，应付 <b>{ $amount }</b>

    扫码或点「去支付」，{ $deadline } 前有效（{ $minutes } 分钟）。请按显示金额一次付清，到账后立即通知你。
pay-checking = ⏳ 还没查到付款。到账通常在 1 分钟内，收到会立即通知你，不用重复支付。
pay-paid =
    ✅ 已收到 { $amount }，订单 <code>{ $order }</code> 完成。

    { $codes }

    序列号谁先激活归谁，不要公开。自己用就点「激活」。
pay-late-honoured = ✅ 收到 { $amount }。付款晚于订单时限，已照常完成，不用再付。
pay-late-balance =
    收到 { $amount }，但订单 <code>{ $order }</code> 已关闭，无法再交付。
    款项已全额转入余额（现 { $balance }），可直接用来重新下单或申请退款。
pay-short =
    ⚠️ 订单 <code>{ $order }</code> 收到 { $received }，应付 { $amount }，还差 { $missing }。
    已收部分在余额里（现 { $balance }）。补足差额，订单立即完成。
pay-over = 订单 <code>{ $order }</code> 多付了 { $extra }，已转入余额（现 { $balance }）。
pay-expired = 订单 <code>{ $order }</code> 超时未付，已关闭。如果刚付过款，到账后我们会处理并通知你。
pay-cancelled = 订单 <code>{ $order }</code> 已取消，没有扣款。
pay-gateway-down = 支付方式「{ $method }」暂时不可用，订单还没创建，也没有扣款。换一种支付方式，或稍后再试。
pay-manual-ask =
    转账 <b>{ $amount }</b> 到：{ $account }
    备注填 <code>{ $order }</code>。
    转完把流水号或截图发到这里，人工确认后生效（{ $hours } 小时内）。
pay-manual-waiting = 已收到凭证，等待人工确认，结果会通知你。
pay-manual-refused = 订单 <code>{ $order }</code> 的付款未能确认：{ $reason }。核对后重新提交，或联系客服。
topup-done = ✅ 充值 { $amount } 到账，余额 { $balance }。
refund-done =
    订单 <code>{ $order }</code> 已退款 { $amount }，退回：{ $to }。
    { $effect }
refund-failed = 订单 <code>{ $order }</code> 的退款没有被支付渠道接受，客服会跟进。金额 { $amount } 仍记在这笔订单上，不会丢失。
orders-list = <b>订单与余额</b>
    余额：{ $balance }
codes-line = <code>{ $code }</code> · { $plan } · { $status }

## account
account-card =
    <b>账户</b>
    用户名：{ $username }
    邮箱：{ $email }
    语言：{ $language }
    时区：{ $zone }
confirm-close =
    ⚠️ <b>注销账户</b>
    • { $relays } 个中继立即停止并释放，剩余 { $days } 天作废
    • 余额 { $balance } 不再可用，请先申请退款
    • 邮箱解绑，可用来重新注册
    • 订单与使用记录按条款保留

    确认请发送：<code>{ $phrase }</code>
account-closed =
    账户已注销，中继已释放，邮箱已解绑。
    要删除 <code>derpMap</code> 里的 { $region_ids }，请到 Tailscale 控制台操作。发送 /start 可重新注册。
confirm-block = 屏蔽「{ $name }」？它会在几秒内断开，不能再用这个中继，也可能因此与其他设备失联。随时可以解除。
confirm-region =
    把 <b>{ $relay }</b> 从{ $from }换到{ $to }？
    地址会变，需要更新 ACL 配置；旧中继保留到 { $until }，期间不中断。今天还可以换 { $moves } 次。
confirm-cancel-order = 取消订单 <code>{ $order }</code>？已付款就不要取消，到账后会自动完成。
unbound =
    序列号 <code>{ $code }</code> 已从 <b>{ $relay }</b> 解绑，收回未用的 { $days } 天。
    { $effect }

account-email-none = 未绑定
account-history =
    <b>历史记录</b>
    { $lines }
account-history-none = 还没有记录。
history-login = 登录
history-registered = 注册完成
history-linked = 绑定 Telegram
history-email = 更换邮箱
history-username = 更改用户名
history-locked = 错误次数过多，激活暂停 1 小时
history-banned = 账户停用
history-unbanned = 账户恢复
username-ask = 发送新的用户名：2 到 32 个字，可用文字、数字和 <code>_ - .</code>，以文字开头。
username-invalid = <code>{ $input }</code> 不能用作用户名：2 到 32 个字，可用文字、数字和 <code>_ - .</code>，以文字开头。
username-taken = <code>{ $username }</code> 已有人使用。换一个再发。
lang-ask = <b>语言 Language</b>
lang-changed = ✅ 已切换到中文。
zone-ask = 发送城市或时区名，例如 <code>Asia/Shanghai</code>。所有时间按这个时区显示，提醒在 9:00 到 21:00 之间发送。
zone-unknown = 没有找到「{ $input }」。换一个城市的英文名，或发送与 UTC 的时差，例如 <code>+8</code>。
zone-choose = 是哪一个？
zone-asia-shanghai = 北京、上海
zone-asia-hong-kong = 香港
zone-asia-taipei = 台北
zone-asia-singapore = 新加坡
zone-asia-tokyo = 东京
zone-asia-seoul = 首尔
zone-asia-dubai = 迪拜
zone-europe-london = 伦敦
zone-europe-berlin = 柏林
zone-america-new-york = 纽约
zone-america-los-angeles = 洛杉矶
zone-australia-sydney = 悉尼
zone-row = { $name } { $offset }

## help
help-home =
    <b>帮助</b>
    三步用起来：
    1. 激活序列号，选地区，约 1 分钟开通。
    2. 把 ACL 配置粘贴到 Tailscale 控制台，或把 URL 加进 headscale。
    3. 执行 <code>tailscale netcheck</code>，看到你的地区就成功了。
    连不上？打开中继，点「连不上？」。
terms-text =
    <b>服务条款</b>
    1. 我们提供的是 Tailscale DERP 中继：按套餐的天数、流量和设备数使用。中继帮设备建立连接并转发加密流量，我们看不到内容。
    2. 时间从中继启动时开始计。到期后中继停止，地址和端口保留 3 天，期间续费可原样恢复。
    3. 序列号谁先激活归谁，激活后即为已使用。请像现金一样保管。
    4. 不得用于违法用途、攻击他人或转售中继流量。违反的账户会被停用，不影响其他人。
    5. 我们保存：Telegram 编号、邮箱、序列号与租赁记录、设备的公钥和来源地址、流量统计。用于提供服务、计量和排查故障，不卖给任何人。
    6. 故障时我们换服务器，剩余时间不受影响。不承担中继停止造成的间接损失；重要连接请选双中继套餐，并保留官方中继。
    7. 条款有变会在这里更新。
terms-page = 服务条款：{ $url }
pay-support =
    付款、退款、重复扣款的问题直接发到这里，请附订单号（在「订单与余额」里）。
    用 Telegram Stars 支付的订单也由我们处理，Telegram 客服不受理。

## support
support-ask = 直接把问题发到这里，可附截图。连不上的问题，请先附上 <code>tailscale netcheck</code> 的输出。
support-sent = 已转给客服，编号 <code>{ $ref }</code>。工作时间：{ $open }，回复会出现在这里。
support-reply = <b>客服</b>：{ $text }
support-closed = 这次会话已结束。还有问题就再发一条，会自动重新打开。

## distributor
dist-apply = 申请成为分销员：说说你打算怎么推广（渠道、预计数量），一条消息即可。结果会通知你。
dist-approved =
    ✅ 你已成为分销员。

    { $rule }
dist-rule-commission =
    <b>推广佣金</b>
    客户经你的链接注册后，每笔订单你得实付金额的 { $percent }。付款后冻结 { $hold } 天，之后可提现；客户退款则扣回。
    归属以首次为准；自己购买、互相推荐、换号重注册不计。
dist-rule-wholesale =
    <b>进货差价</b>
    按批发价买序列号，自定零售价转卖，差价归你。未激活的可以作废，退款只退未激活的部分。激活你序列号的新客户归你名下。
dist-panel =
    <b>分销中心</b> · { $month }
    点击 { $clicks } · 注册 { $signups } · 订单 { $orders }
    本月佣金：{ $earned }

    可提现：{ $available }
    冻结中：{ $pending }
    已提现：{ $paid }
    库存：{ $stock } 个
dist-share-text =
    Tailscale 直连不通、官方中继太慢？试试自己的 DERP 中继：
    Telegram 里下单，约 1 分钟开通，复制一段配置就能用，支持 headscale。
    { $link }
dist-new-order = 你推荐的客户完成一笔订单 { $amount }，佣金 { $commission }，{ $date } 起可提现。
dist-clawback = 订单 <code>{ $order }</code> 已退款，扣回佣金 { $commission }。可提现现为 { $available }。
dist-statement =
    <b>{ $month } 月结单</b>
    订单 { $orders } 笔，客户实付 { $sales }
    佣金 { $earned }，扣回 { $clawback }
    进货 { $bought } 个，激活 { $redeemed } 个，毛利 { $margin }
    可提现：<b>{ $available }</b>
    明细见附件。
dist-wholesale =
    <b>进货</b>：{ $plan }
    { $tiers }
    买几个？下单后得到一个文件：每行一个序列号和激活链接。
dist-batch-done = ✅ 批次 <code>{ $batch }</code>：{ $count } 个 { $plan } 序列号，见附件。文件等同现金，妥善保管。
dist-low-stock = { $plan } 库存剩 { $stock } 个，按近 7 天的速度约够 { $days } 天。
dist-code-status =
    <code>{ $code }</code> · { $plan }
    状态：{ $status }
    { $detail }
dist-payout-ask =
    可提现 <b>{ $available }</b>，最低 { $minimum }。
    收款方式：{ $method }
    提多少？
dist-payout-low = 可提现 { $available }，未到最低 { $minimum }，还差 { $missing }。冻结中的 { $pending } 解冻后会计入。
dist-payout-amount = 金额须在 { $minimum } 到 { $available } 之间。重新发一个数字，或点「全部提现」。
dist-payout-requested = ✅ 已申请提现 { $amount }，收款：{ $method }，编号 <code>{ $payout }</code>。审核后打款，一般 { $hours } 小时内。
dist-payout-paid = ✅ 提现 <code>{ $payout }</code> 已打款 { $amount }，收款：{ $method }，流水号 <code>{ $reference }</code>。
dist-payout-refused = 提现 <code>{ $payout }</code> 未通过：{ $reason }。{ $amount } 已退回可提现。

## failover
failover-dual =
    <b>{ $relay }</b> 有一台服务器故障，设备已自动切到另一台（{ $other }），服务未中断。
    正在补一台新的，好了发你新的 ACL 配置。
failover-dual-done =
    ✅ <b>{ $relay }</b> 的第二个中继已在{ $region }补上。
    变化：{ $change }
    请更新 ACL 配置，恢复双中继。现在不更新也能用，只是少了备份。
failover-single =
    ⚠️ <b>{ $relay }</b> 的服务器故障，正在换到另一台，约 { $minutes } 分钟。
    期间设备改用官方中继。换好后地址会变，需要更新一次 ACL 配置。
failover-single-done =
    ⚠️ <b>{ $relay }</b> 已换到新服务器，测试通过，还差你一步。
    旧地址已不可用：用下一条消息替换 ACL 配置，中继才会恢复使用。到期时间不变。
failover-single-auto = ✅ <b>{ $relay }</b> 已换到新服务器，ACL 配置已自动更新。不需要你操作。
maintenance-move =
    <b>{ $relay }</b> 所在服务器将维护。新中继已就绪，ACL 配置见下一条消息。
    请在 { $deadline } 前更新，然后点「已更新」。旧中继会保留到那时，更新期间不中断。
maintenance-short = <b>{ $relay }</b> 将在 { $from } 至 { $to } 维护，中断约 { $minutes } 分钟。地址不变，不需要你操作。

## ops
ops-bound = ✅ 已绑定为运维群。告警、日报、付款和客服会话都会发到这里。发送 /help 查看命令。
ops-bind-rights = ⚠️ 机器人在本群还不是管理员，{ $missing } 用不了。在群设置里授予后执行 <code>derpshop doctor</code> 复查。
ops-alert-open =
    { $severity ->
        [high] 🔴
        [medium] 🟡
       *[low] ⚪
    } <b>{ $subject }：{ $what }</b>
    { $reading }
    自 { $since }
    影响：{ $rentals } 个租赁，{ $users } 个用户
    { $hint }
ops-alert-reading = 当前 { $value }，阈值 { $threshold }，连续 { $samples } 次
ops-alert-reading-plain = { $value }，连续 { $samples } 次
ops-alert-acked = 认领：{ $who }，{ $at }
ops-alert-cleared =
    🟢 <b>{ $subject }：{ $what }</b> 已恢复
    { $since } → { $until }，共 { $duration }
ops-alert-resolved =
    ⚪ <b>{ $subject }：{ $what }</b> 已处理
    处理：{ $who }，{ $at }。{ $note }
ops-alert-burst = 🟡 { $minutes } 分钟内新增 { $count } 条告警，合并如下：
    { $lines }
ops-suspect =
    🟡 <b>{ $server }：从控制端连不上</b>
    其他服务器仍能连到它，不切换。多半是控制端到它的线路问题。
ops-failover-dry =
    <b>{ $server } 故障切换预演</b>
    将迁移 { $rentals } 个租赁（双中继 { $dual }，单中继 { $single }）
    目标：{ $targets }
    { $manual } 个客户需要手动更新 ACL 配置
    执行？
ops-failover-done =
    ✅ <b>{ $server } 故障切换完成</b>，用时 { $duration }
    成功 { $ok }，失败 { $failed }，已通知 { $told } 个用户
ops-failover-held = ⚠️ 本小时已迁移 { $moved } 个租赁，达到上限 { $limit }。剩余 { $rest } 个等人工确认。
ops-server-add =
    <b>添加服务器</b> { $address }:{ $port }（{ $user }，{ $region }，{ $type }）

    1. 在服务器上执行，装入我们的公钥：
    <pre>{ $install_line }</pre>
    2. 核对主机指纹：<code>{ $fingerprint }</code>
    一致就点「指纹一致」。
ops-setup-progress =
    <b>{ $server } 部署</b>
    { $steps }
ops-setup-done = ✅ <b>{ $server }</b> 部署完成，已上线：{ $cores } 核，内存 { $memory }，磁盘 { $disk }，{ $arch }。
ops-setup-firewall =
    ❌ <b>{ $server }</b>：服务器内部正常，外网连不上端口 { $range }。
    在云厂商控制台的安全组里放行入站 TCP 和 UDP { $range }，来源 0.0.0.0/0，再执行 <code>/server_setup { $server }</code>。
ops-server-remove-confirm =
    ⚠️ 移除 <b>{ $server }</b>，其上有 { $rentals } 个租赁：
    • 双中继 { $dual } 个：另一半继续服务，随后补新
    • 单中继 { $single } 个：换机，客户需更新 ACL 配置
ops-renew-confirm =
    <b>{ $user }</b> 的 { $relay }：{ $old_end } → { $new_end }（{ $change }）
    续费后邮件和 Telegram 都会通知客户。
ops-serial-done = ✅ 批次 <code>{ $batch }</code>：{ $count } 个 { $plan }，文件已私信给发起人：{ $who }。
ops-open-me = 文件发不到你的私聊：先点下面的按钮打开机器人，再重试。
ops-usage =
    用法：<code>{ $usage }</code>
    例：<code>{ $example }</code>
ops-not-admin = 需要管理员角色。由现任管理员执行 <code>derpshop admin grant</code> 授予。
ops-anonymous = 你在以匿名管理员发言，无法确认身份。关闭「匿名」后再执行。
ops-not-yours = 只有发起人能确认：{ $who }。
ops-confirm-expired = 确认已超时，没有执行。重新发一次命令。
ops-user-report =
    <b>{ $user }</b> 报告连不上 { $relay }
    { $results }
    编号 <code>{ $ref }</code>
ops-paid-stuck = 🟡 订单 <code>{ $order }</code> 已付款 { $minutes } 分钟仍未交付。原因：{ $reason }
ops-manual-pay = <b>{ $user }</b> 提交转账凭证：订单 <code>{ $order }</code>，{ $amount }，流水号 <code>{ $reference }</code>
ops-payout = <b>{ $user }</b> 申请提现 { $amount }，收款：{ $method }，编号 <code>{ $payout }</code>。提现后剩余可提现 { $available }。
ops-digest =
    <b>{ $date } 日报</b>
    收入 { $revenue }，订单 { $orders }，新用户 { $users }
    租赁 { $rentals }，今日到期 { $ending }
    服务器 { $healthy } / { $servers } 正常，未恢复告警 { $alerts }
    审计链 <code>{ $head }</code>
ops-broadcast-preview =
    <b>群发预览</b>
    对象：{ $segment }，{ $count } 人（已屏蔽机器人的不计）
    预计用时 { $duration }

    内容如上。确认请发送：<code>{ $phrase }</code>
ops-broadcast-progress = ⏳ 群发 { $sent } / { $count }，失败 { $failed }
ops-broadcast-done = ✅ 群发完成：送达 { $sent }，已屏蔽 { $blocked }，失败 { $failed }，用时 { $duration }。
ops-relay-report =
    ⚠️ 客户反馈中继不可用：<b>{ $relay }</b>，{ $user }，编号 <code>{ $ref }</code>
    { $results }
ops-report-line = 容器 { $container } · { $step }：{ $outcome }
ops-provision-failed = 🔴 租赁 #{ $rental } 开通失败：容器 { $container } 没有通过测试（<code>{ $failure }</code>），没有别的服务器可用。腾出容量后会自动重试。
ops-server-trouble = 🔴 服务器 { $server } 无法操作：<code>{ $trouble }</code>。先检查 SSH 与 Docker，再执行 <code>/server_setup { $server }</code>。
ops-strangers = ⚠️ 服务器 { $server } 上有较多数据库里没有的容器，没有自动移除。确认后再处理。
ops-update-parked = ⚠️ 会话 <code>{ $chat }</code> 的一条消息（<code>{ $update }</code>）三次使机器人崩溃，已搁置，其余消息不受影响。修好后点「重新处理」。
ops-job-failed = 🔴 任务 <code>{ $job }</code> 多次失败，已停止重试。发送 /jobs 查看原因，修好后点「重试」。
ops-message-refused = ⚠️ 一条待发消息（<code>{ $message }</code>）被 Telegram 以格式错误拒收，已放弃。日志里有原因。
ops-audit-head = 审计链 { $day }：共 { $count } 条，链头 <code>{ $head }</code>
ops-audit-broken = 🔴 审计记录在第 <code>{ $seq }</code> 条处对不上：有记录被改动或删除。请立即检查数据库访问。

## ops-guards
ops-bind-wrong = 绑定码不对或已过期。在服务器上执行 <code>derpshop admin bind</code> 取得新的。
ops-bind-other = 运维群已是另一个群，现在改为本群。原来的群不再收到消息。
ops-unbound = 还没有绑定运维群。在服务器上执行 <code>derpshop admin bind</code>，把得到的绑定码在群里发送：<code>/bind 绑定码</code>。
ops-not-bound-here = 这个群不是运维群，这条命令在这里没有作用。
ops-unknown-command = 没有命令 <code>/{ $command }</code>。发送 /help 查看全部。
ops-cancelled = 已取消，没有执行。
ops-confirm-over = 这个确认已经处理过了。
ops-changed-meanwhile = 情况刚刚有变，没有执行。重新发一次命令。
ops-confirm-by = 发起人：{ $who }，{ $minutes } 分钟内确认有效。

## ops-arguments
ops-wrong-address = <code>{ $given }</code> 不是 IPv4 地址。
ops-wrong-login = <code>{ $given }</code> 不是登录名。
ops-wrong-region = 没有地区 <code>{ $given }</code>。可用：{ $known }
ops-wrong-type = 没有类别 <code>{ $given }</code>。可用：{ $known }
ops-wrong-server = 没有服务器 <code>{ $given }</code>。发送 /servers 查看全部。
ops-wrong-server-many = <code>{ $given }</code> 对应多台：{ $names }。请用名称指定。
ops-wrong-customer = 找不到客户 <code>{ $given }</code>。可用用户名、邮箱、编号或 Telegram 数字 ID。
ops-wrong-customer-many = <code>{ $given }</code> 对应多个客户，请用编号指定：
    { $rows }
ops-wrong-rental = 没有租赁 <code>{ $given }</code>。
ops-wrong-date = 看不懂日期 <code>{ $given }</code>。写法：<code>2026-12-24</code> 或 <code>2026-12-24 18:30</code>。
ops-wrong-number = <code>{ $given }</code> 不是 { $least } 到 { $most } 的整数。
ops-wrong-plan = 没有套餐 <code>{ $given }</code>。可用：{ $known }
ops-wrong-serial = <code>{ $given }</code> 不是序列号。
ops-wrong-serial-check = <code>{ $given }</code> 没通过校验，多半是输错或漏了字符。
ops-wrong-field = 没有字段 <code>{ $given }</code>。可用：{ $known }
ops-wrong-value = <code>{ $given }</code> 不能用作 { $field }。
ops-wrong-job = 没有任务 <code>{ $given }</code>，或它正在执行。

## ops-servers
ops-servers =
    <b>服务器</b>：{ $healthy } / { $count } 在接单
    { $rows }
ops-servers-row =
    { $status ->
        [healthy] 🟢
        [unhealthy] 🔴
       *[maintenance] ⚪
    } <b>{ $server }</b> { $region }，负载 { $load }，容器 { $standing } / { $capacity }，流量：{ $traffic }
ops-servers-none = 还没有服务器。用 /server_add 添加第一台。
ops-traffic-left = 剩 { $left } / { $total }
ops-traffic-free = 不限
ops-server-status =
    { $status ->
        [healthy] 在接单
        [unhealthy] 异常
        [removing] 移除中
       *[maintenance] 维护
    }
ops-server-detail =
    <b>{ $server }</b>：{ $status }
    地址：<code>{ $address }</code>，SSH 端口 { $port }，用户 { $user }
    指纹：<code>{ $fingerprint }</code>
    地区：{ $region }，类别：{ $type }
    容器：{ $standing } / { $capacity }，端口 { $ports }
    负载：{ $load }，流量：{ $traffic }
    硬件：{ $hardware }
    可修改：{ $fields }
ops-server-hardware = { $cores } 核，内存 { $memory }，磁盘 { $disk }，{ $arch }，{ $os }，Docker { $engine }
ops-server-no-hardware = 还没有部署
ops-server-there = 这个地址和端口已经是 <b>{ $server }</b>，没有重复添加。
ops-server-exists = { $address }:{ $port } 已经是 <b>{ $server }</b>。
ops-server-added = ✅ <b>{ $server }</b> 已添加。装好公钥后执行 <code>/server_setup { $server }</code>。
ops-server-host-key =
    <b>{ $server }</b> 的主机指纹
    原来：<code>{ $old }</code>
    现在：<code>{ $new }</code>
    重装过系统，且与新系统的指纹一致，才点「指纹一致」。
ops-server-key-same = <b>{ $server }</b> 的主机指纹没有变：<code>{ $fingerprint }</code>
ops-server-edited = ✅ <b>{ $server }</b> 的 { $field } 已改为 <code>{ $value }</code>。
ops-server-edit-busy = <b>{ $server }</b> 上有 { $standing } 个容器，客户的配置里写着它的地址和地区，现在不能改 { $field }。
ops-server-drained = ⚪ <b>{ $server }</b> 不再接新单，上面的 { $rentals } 个租赁照常。恢复接单：<code>/server_setup { $server }</code>
ops-server-drained-already = <b>{ $server }</b> 本来就没有在接单。
ops-server-remove-empty = ⚠️ 移除 <b>{ $server }</b>，其上没有租赁。历史记录保留。
ops-server-removing = ⏳ <b>{ $server }</b> 移除中：{ $moved } 个中继已换到其他服务器，旧容器清完后移除。
ops-server-removed = ✅ <b>{ $server }</b> 已移除，历史记录保留。
ops-server-remove-stuck =
    ⚠️ <b>{ $server }</b> 移除中，还有 { $leaving } 个旧容器没清掉，多半是连不上。
    现在执行：不再等待，记录改为已释放，那台机器上的容器不会被动。
ops-server-remove-full = ❌ <b>{ $server }</b> 没有移除：其他服务器放不下 { $relay }。先用 /server_add 加一台，或用 /release 释放。

## ops-types
ops-types =
    <b>服务器类别</b>
    { $rows }
ops-types-row =
    { $billing ->
        [hourly] <b>{ $name }</b>：每小时 { $rate }
       *[yearly] <b>{ $name }</b>：包年，每天 { $rate }
    }{ $more }
ops-types-cores = ，{ $cores } 核
ops-types-memory = ，内存 { $memory }
ops-types-bandwidth = ，{ $bandwidth }
ops-types-traffic = ，每月流量 { $traffic }
ops-type-added = ✅ 类别 <b>{ $name }</b> 已添加。
ops-type-edited = ✅ 类别 <b>{ $name }</b> 已修改：
    { $row }
ops-type-exists = 类别 <b>{ $name }</b> 已经有了。

## ops-customers
ops-user =
    <b>{ $user }</b>（编号 { $id }）：{ $state }
    邮箱：{ $email }
    Telegram：{ $telegram }
    语言：{ $language }，时区：{ $zone }
    注册：{ $registered }，最近登录：{ $login }
    { $rentals }
ops-user-state =
    { $state ->
        [banned] 已停用
        [closed] 已注销
        [new] 未完成注册
        [admin] 管理员
        [distributor] 分销员
       *[user] 客户
    }
ops-user-none = 无
ops-user-row = <code>{ $user }</code>，编号 { $id }，{ $email }
ops-user-no-rentals = 没有租赁
ops-rental-row =
    { $state ->
        [active] 🟢
        [starting] 🟡
        [expired] 🔴
       *[paused] ⚪
    } { $relay }：{ $what }
ops-rental-active = { $end } 到期（{ $left }）
ops-rental-starting = 开通中，{ $days } 天待计
ops-rental-expired = 已于 { $end } 到期，保留到 { $kept_until }
ops-rental-paused = { $since } 起暂停
ops-rental-released = { $at } 已释放
ops-history =
    <b>{ $user } 的记录</b>
    { $rows }
ops-history-none = <b>{ $user }</b> 还没有记录。
ops-record-row =
    { $status ->
        [failed] { $at } { $who } <b>{ $what }</b> 失败 { $details }
       *[success] { $at } { $who } <b>{ $what }</b> { $details }
    }
ops-record-shop = 系统
ops-record-console = 命令行
ops-renew-which = <b>{ $user }</b> 有 { $count } 个租赁，把哪一个续到 { $end }？
ops-renew-past = { $end } 已经过去，没有执行。
ops-renew-same = { $relay } 的到期时间本来就是 { $end }。
ops-renew-not-yet = { $relay } 还在开通，开通后才有到期时间。
ops-renew-paused = { $relay } 已暂停。先执行 <code>/resume { $rental }</code>，再续费。
ops-renew-nothing = <b>{ $user }</b> 没有可以续费的租赁。
ops-renew-longer = 延长 { $duration }
ops-renew-shorter = 缩短 { $duration }
ops-renewed = ✅ <b>{ $user }</b> 的 { $relay } 已续费：{ $old_end } → { $new_end }（{ $change }）。客户会收到邮件和 Telegram 通知。
ops-paused = ⚪ <b>{ $user }</b> 的 { $relay } 已暂停，剩余 { $duration } 冻结。恢复：<code>/resume { $rental }</code>
ops-pause-not = { $relay } 没有在计时，不能暂停。
ops-resumed = ✅ <b>{ $user }</b> 的 { $relay } 已恢复，{ $end } 到期。
ops-resume-not = { $relay } 没有暂停。
ops-rental-is-released = { $relay } 已经释放。
ops-release-confirm =
    ⚠️ 释放 <b>{ $user }</b> 的 { $relay }：
    • 中继立即停止，地址和端口交还，不能恢复
    • 剩余 { $left } 作废
    • ACL 配置会去掉它，客户会收到通知
ops-released = ✅ <b>{ $user }</b> 的 { $relay } 已释放。
ops-ban-confirm =
    ⚠️ 停用 <b>{ $user }</b>：
    • { $rentals } 个中继立即停止，到期时间照走
    • 机器人不再为这个账户做任何事
ops-banned = ✅ <b>{ $user }</b> 已停用，{ $rentals } 个中继停止。恢复：<code>/unban { $user }</code>
ops-banned-already = <b>{ $user }</b> 本来就是停用状态。
ops-ban-admin = <b>{ $user }</b> 是管理员，不能停用。
ops-unbanned = ✅ <b>{ $user }</b> 已恢复，{ $rentals } 个中继重新启动。
ops-unbanned-already = <b>{ $user }</b> 没有被停用。
ops-acl =
    <b>{ $user }</b> 的 ACL 配置：{ $mode }
    { $version }
    { $rows }
ops-acl-mode =
    { $mode ->
        [manual] 手动，限 { $servers }
        [off] 已关闭
       *[auto] 自动，包含全部中继
    }
ops-acl-version = 第 { $version } 版，{ $at }
ops-acl-no-version = 还没有版本
ops-acl-row = { $region_id }：{ $relay }，<code>{ $address }</code>
ops-acl-none = <b>{ $user }</b> 还没有 ACL 配置：开通第一个中继时才会生成。
ops-acl-resent = ✅ 已把 ACL 配置重新发给 <b>{ $user }</b>。
ops-acl-set = ✅ <b>{ $user }</b> 的 ACL 配置已改为：{ $mode }。{ $outcome }
ops-acl-new = 新的是第 { $version } 版，已发给客户。
ops-acl-unchanged = 内容没有变化，不用通知客户。
ops-acl-off-confirm =
    ⚠️ 关闭 <b>{ $user }</b> 的 ACL 配置：
    • 新版本不含任何中继，headscale 下次更新即生效
    • 中继照常运行，到期时间照走

## ops-serials
ops-serial-file =
    { $count ->
       *[other] 批次 <code>{ $batch }</code>：{ $count } 个序列号，{ $plan }。
    }
    谁先激活归谁，不要公开。
ops-serial-no-plan = 没有 { $days } 天的套餐，也没有默认套餐。发送 /plans 查看全部。
ops-serial-hourly = <b>{ $plan }</b> 按小时计费，没有序列号。
ops-serial-waiting = ⏳ 批次 <code>{ $batch }</code> 已生成：{ $count } 个 { $plan }，文件还没发出。
ops-serial =
    <code>{ $code }</code>：{ $state }
    套餐：{ $plan }，{ $days } 天
    批次：<code>{ $batch }</code>
    { $use }
ops-serial-state =
    { $state ->
        [used] 已使用
        [expired] 已过期
        [revoked] 已作废
        [unpaid] 未付款
       *[unused] 未使用
    }
ops-serial-used = 激活：<b>{ $user }</b>，{ $at }，{ $relay }
ops-serial-until = { $at } 前可激活
ops-serial-free = 激活期限不限
ops-serial-gone = 不能再激活
ops-serial-unknown = 没有这个序列号。
ops-plans =
    <b>套餐</b>
    { $rows }
ops-plans-row = <code>{ $name }</code> <b>{ $plan }</b>：{ $term }，{ $price }，流量 { $cap }，{ $devices } 台设备，{ $relays ->
        [2] 双中继
       *[other] 单中继
    }
ops-plans-days = { $days } 天
ops-plans-hourly = 按小时
ops-plans-default = ，默认
ops-plans-hidden = ，已下架
ops-plans-no-price = 未定价
ops-plans-none = 还没有套餐。执行 <code>derpshop admin seed</code> 建立初始套餐。

## ops-system
ops-right-admin = 管理员身份
ops-help-group = <b>{ $group }</b>
ops-help-row = /{ $command } { $about }
ops-unparked = 已放回队列，马上重新处理。
ops-jobs =
    <b>任务队列</b>：失败 { $failed }，等待 { $waiting }
    { $rows }
ops-jobs-row =
    { $state ->
        [failed] ❌
        [running] ⏳
       *[waiting] ·
    } <code>{ $job }</code> { $name }{ $about }，{ $attempts } / { $most } 次
ops-jobs-none = 队列里没有任务。
ops-job-retried = ✅ 任务 <code>{ $job }</code> 已重新开始。
ops-audit =
    <b>审计记录</b>
    { $rows }
ops-audit-about =
    <b>{ $subject } 的审计记录</b>
    { $rows }
ops-audit-none = 没有记录。

## ops-setup
ops-setup-goes-on = <b>{ $server }</b> 正在部署，看上面那条消息。
ops-setup-leaving = <b>{ $server }</b> 正在移除，不能部署。
ops-setup-begun = 已开始部署，进度见下一条消息。
ops-setup-line =
    { $state ->
        [done] ✅
        [busy] ⏳
        [failed] ❌
       *[todo] ·
    } { $what }{ $state ->
        [busy] …
       *[other] {""}
    }
setup-step-connect = SSH 连接
setup-step-system = 检查系统
setup-step-architecture = 检查架构
setup-step-privilege = 检查权限
setup-step-clock = 检查时钟
setup-step-engine = 检查 Docker
setup-step-forwarding = 连接 Docker
setup-step-settings = 设置 Docker
setup-step-ports = 检查端口
setup-step-hardware = 读取硬件
setup-step-image = 传输中继镜像
setup-step-trial = 启动测试中继
setup-step-outside = 从外网测试 TCP 与 UDP
setup-busy-installing = 安装 Docker，可能要几分钟
setup-busy-streaming = 传输中继镜像，{ $sent } / { $total }
setup-found-connected = SSH 连接，主机指纹一致
setup-found-root = root 权限
setup-found-sudo = sudo 权限
setup-found-clock = 时钟偏差 { $seconds } s
setup-found-installed = 安装了 Docker { $version }
setup-found-engine = Docker { $version }
setup-found-socket = 直连 Docker
setup-found-stdio = 经 docker 命令连接，稍慢
setup-found-changed = Docker 设置已改好
setup-found-settings = Docker 设置正确
setup-found-ports = { $free } 个端口可用
setup-found-hardware = { $cores } 核，内存 { $memory }，磁盘 { $disk }
setup-found-loaded = 中继镜像已传好
setup-found-image = 中继镜像已在
setup-found-trial = 测试中继在端口 { $port } 运行
setup-found-outside = 外网 TCP 与 UDP 都通
setup-problem-unreachable = <b>{ $server }</b> 的 SSH 连不上。核对地址和端口，并在云厂商的安全组里放行 SSH 端口。
setup-problem-host-key = <b>{ $server }</b> 的主机指纹变了。重装过系统就执行 <code>/server_edit { $server } key scan</code> 核对新指纹；没有重装，可能有人冒充它。
setup-problem-auth = <b>{ $server }</b> 不接受我们的公钥。再发一次 /server_add 时的那行命令，在服务器上用同一用户执行。
setup-problem-forwarding = <b>{ $server }</b> 的 sshd 不允许转发。在 sshd_config 里设 <code>AllowStreamLocalForwarding yes</code>，重启 sshd。
setup-problem-cut = 与 <b>{ $server }</b> 的连接断了。再执行 <code>/server_setup { $server }</code>，会从断点继续。
setup-problem-archive = 读不到中继镜像文件：{ $said }。检查配置 <code>relay.images</code>。
setup-problem-system = 不支持 { $name }。请重装 Debian 12 或 Ubuntu 24.04。
setup-problem-architecture = 没有 { $name } 的中继镜像。请换 amd64 或 arm64 的服务器。
setup-problem-privilege = 用户 <code>{ $name }</code> 不是 root，也不能免密 sudo。改用 root，或为它配置免密 sudo。
setup-problem-clock = 时钟差 { $seconds } 秒。在服务器上执行 <code>apt install systemd-timesyncd</code> 打开对时。
setup-problem-install = Docker 装不上。先修好软件源（apt-get update 要能通过），再执行 <code>/server_setup { $server }</code>。
    <pre>{ $said }</pre>
setup-problem-engine = Docker 启动不了。
    <pre>{ $said }</pre>
setup-problem-settings = <code>/etc/docker/daemon.json</code> 不是有效的 JSON。修好或删掉它，再执行 <code>/server_setup { $server }</code>。
setup-problem-flag = dockerd 的启动参数里有 <code>--userland-proxy=true</code>，请去掉。
setup-problem-restart = ⚠️ 要重启 Docker，这些容器会停几秒：{ $name }。点「执行」继续。
setup-problem-ports = 端口 { $range } 没有一个可用。用 <code>/server_edit { $server } ports 30000-30999</code> 换一段。
setup-problem-image = 镜像文件里没有 { $name }。核对配置 <code>relay.images</code>。
setup-problem-trial = 测试中继起不来。
    <pre>{ $said }</pre>
setup-problem-lost = 这次部署中断了，没有人再处理它。
setup-problem-other = <b>{ $server }</b> 没有照做：{ $said }

## ops-usage
opsuse-servers = /servers
opsex-servers = /servers
opsuse-server-add = /server_add IP [端口] [用户] 地区 类别
opsex-server-add = /server_add 198.51.100.20 22 root tokyo ecs-yearly
opsuse-server-setup = /server_setup 服务器
opsex-server-setup = /server_setup tyo-3
opsuse-server-edit = /server_edit 服务器 [字段 值]
opsex-server-edit = /server_edit tyo-3 traffic 2TB
opsuse-server-drain = /server_drain 服务器
opsex-server-drain = /server_drain tyo-3
opsuse-server-remove = /server_remove 服务器
opsex-server-remove = /server_remove tyo-3
opsuse-server-types = /server_types [add 名称 yearly｜hourly 单价] 或 [名称 字段 值]
opsex-server-types = /server_types ecs-hourly rate 0.108
opsuse-user = /user 关键词
opsex-user = /user lin@example.com
opsuse-history = /history 客户
opsex-history = /history lin
opsuse-renew = /renew 客户｜租赁 日期 [时间]
opsex-renew = /renew lin 2026-12-24
opsuse-pause = /pause 租赁
opsex-pause = /pause 102
opsuse-resume = /resume 租赁
opsex-resume = /resume 102
opsuse-release = /release 租赁
opsex-release = /release 102
opsuse-acl = /acl 客户 [服务器…｜auto｜off]
opsex-acl = /acl lin tyo-3 hkg-1
opsuse-ban = /ban 客户
opsex-ban = /ban lin
opsuse-unban = /unban 客户
opsex-unban = /unban lin
opsuse-serial-generate = /serial_generate 套餐｜天数 数量
opsex-serial-generate = /serial_generate 30 100
opsuse-serial = /serial 序列号
opsex-serial = /serial 7KQ2M-X4D9T-0WHRE-5NB8V-C
opsuse-plans = /plans
opsex-plans = /plans
opsuse-bind = /bind 绑定码
opsex-bind = /bind 7KQ2-M4D9
opsuse-help = /help
opsex-help = /help
opsuse-jobs = /jobs
opsex-jobs = /jobs
opsuse-retry = /retry 任务
opsex-retry = /retry 4711
opsuse-audit = /audit [客户｜服务器]
opsex-audit = /audit tyo-3

## buttons
btn-relays = 我的中继
btn-redeem = 激活序列号
btn-buy = 购买套餐
btn-orders = 订单与余额
btn-acl = ACL 配置
btn-support = 联系客服
btn-account = 账户
btn-help = 帮助
btn-dist = 分销中心
btn-back = ‹ 返回
btn-home = 主菜单
btn-cancel = 取消
btn-confirm = 确认
btn-lang-zh = 中文
btn-lang-en = English
btn-start-register = 开始注册
btn-start-plain = 开始使用
btn-code-resend = 重发验证码
btn-email-change = 换个邮箱
btn-activate = 激活
btn-not-now = 先不激活
btn-new-relay = 开通新中继
btn-extend = 续 { $relay }
btn-test = 测试中继
btn-test-again = 再测一次
btn-devices = 设备
btn-traffic = 流量
btn-renew = 续费
btn-more = 更多
btn-broken = 连不上？
btn-start-relay = 启动
btn-stop-relay = 停止
btn-change-plan = 更换套餐
btn-change-region = 更换地区
btn-auto-renew-on = 自动续费：开
btn-auto-renew-off = 自动续费：关
btn-serials = 序列号记录
btn-history = 历史记录
btn-networks = 来源限制
btn-notes = 使用须知
btn-acl-page = 网页复制
btn-acl-file = 下载 JSON
btn-acl-headscale = headscale 用法
btn-acl-auto = 自动更新
btn-acl-check = 检查策略
btn-acl-versions = 历史版本
btn-acl-undo = 撤销修改
btn-acl-updated = 已更新
btn-copy-url = 复制 URL
btn-copy-link = 复制链接
btn-send-result = 发给运维
btn-rename = 改名
btn-block = 屏蔽
btn-unblock = 解除屏蔽
btn-remove = 移除
btn-free-slot = 移除旧设备
btn-topup-traffic = 加购流量
btn-topup = 充值
btn-upgrade = 升级套餐
btn-pay = 去支付
btn-paid = 我已支付
btn-pay-missing = 补足 { $missing }
btn-cancel-order = 取消订单
btn-pay-alipay = 支付宝
btn-pay-wechat = 微信支付
btn-pay-usdt = USDT
btn-pay-stars = Telegram Stars
btn-pay-balance = 余额支付
btn-pay-manual = 人工转账
btn-order-list = 我的订单
btn-my-codes = 我的序列号
btn-send-friend = 送给朋友
btn-notify-stock = 有货通知
btn-username = 用户名
btn-email = 邮箱
btn-language = 语言 Language
btn-zone = 时区
btn-export = 导出数据
btn-close-account = 注销账户
btn-apply-dist = 成为分销员
btn-terms = 服务条款
btn-dist-link = 推广链接
btn-dist-qr = 推广二维码
btn-dist-orders = 佣金明细
btn-dist-months = 月结单
btn-dist-wholesale = 进货
btn-dist-stock = 库存
btn-dist-retail = 零售价
btn-dist-payout = 提现
btn-dist-rule = 结算规则
btn-dist-all = 全部提现
btn-ops-ack = 认领
btn-ops-failover = 故障切换
btn-ops-mute = 静默 1 小时
btn-ops-resolve = 标记已处理
btn-ops-run = 执行
btn-ops-fingerprint = 指纹一致
btn-ops-open = 打开机器人
btn-ops-approve = 通过
btn-ops-refuse = 拒绝
btn-ops-resend = 重新发送
btn-page-back = ‹
btn-page-next = ›
btn-ops-newest = 最新
btn-ops-older = 更早
btn-ops-retry-job = 重试 { $job }
btn-ops-stop = 停止群发
btn-ops-unpark = 重新处理
btn-ops-retry = 重试

## mail
mail-code-subject = { $code } 是你的 { $shop } 验证码
mail-code-text =
    验证码：{ $code }

    { $minutes } 分钟内有效。回到 Telegram，把它发给机器人即可完成注册。

    不是你本人操作？忽略这封邮件，不会创建账户。

    { $shop }
mail-code-change-text =
    验证码：{ $code }

    { $minutes } 分钟内有效。回到 Telegram，把它发给机器人，这个邮箱就绑定到你的账户。

    不是你本人操作？忽略这封邮件，什么都不会改变。

    { $shop }
mail-renewed-subject = { $relay } 已续费至 { $new_end }
mail-renewed-text =
    { $username }，你好：

    { $relay } 已续费 { $days } 天。

    原到期：{ $old_end }
    现到期：{ $new_end }（{ $left }）

    地址、端口和 ACL 配置都不变，不需要操作。

    { $shop }
mail-remind-7-subject = { $relay } 将于 { $end_date } 到期（{ $left }）
mail-remind-7-text =
    { $username }，你好：

    { $relay } 将于 { $end } 到期（{ $left }）。

    续费 { $days } 天：{ $price }。续费后地址、端口和 ACL 配置都不变。

    去续费：{ $url }

    已经续费？以 Telegram 里显示的到期时间为准。

    { $shop }
mail-remind-3-subject = { $relay } { $left }，到期后停止
mail-remind-3-text =
    { $username }，你好：

    { $relay } 将于 { $end } 到期（{ $left }）。

    到期后中继停止，保留到 { $kept_until }。在那之前续费，原样恢复；之后地址和端口会释放，再开通需要更新 ACL 配置。

    去续费：{ $url }

    { $shop }
mail-remind-1-subject = { $relay } 即将到期：{ $end }
mail-remind-1-text =
    { $username }，你好：

    { $relay } 将于 { $end } 到期（{ $left }）。

    到期后中继停止，设备改用你的其他中继或官方中继。现在续费不会中断。

    去续费：{ $url }

    不打算续？不用做任何事，不会扣款。

    { $shop }
mail-expired-subject = { $relay } 已到期停止，保留到 { $kept_until }
mail-expired-text =
    { $username }，你好：

    { $relay } 已于 { $end } 到期，中继已停止。

    为你保留到 { $kept_until }：在那之前续费，原地址、原端口恢复，ACL 配置不用改。

    去续费：{ $url }

    { $shop }

## bot
bot-about = 你自己的 Tailscale DERP 中继，约 1 分钟开通。支持 Tailscale 与 headscale，聊天里购买、激活、续费。
bot-description =
    你自己的 Tailscale DERP 中继，独立容器，约 1 分钟开通。

    • 在聊天里购买或激活序列号
    • 复制一段 ACL 配置，粘贴到 Tailscale 控制台；headscale 用 URL 自动更新
    • 随时测试中继，到期前 7、3、1 天提醒
    • 双中继套餐：一台服务器坏了，设备几秒内切到另一台

    点「开始」，用邮箱注册。
cmd-menu = 主菜单
cmd-relays = 我的中继：状态、到期、流量
cmd-redeem = 激活序列号
cmd-buy = 购买套餐
cmd-acl = 取得 ACL 配置
cmd-orders = 订单与余额
cmd-dist = 分销中心
cmd-support = 联系客服
cmd-paysupport = 付款与退款问题
cmd-lang = 切换语言 Language
cmd-help = 使用帮助
cmd-terms = 服务条款

## ops-commands
ops-help =
    <b>运维命令</b>
    { $groups }
    发送命令不带参数，会显示用法和例子。
ops-group-servers = 服务器
ops-group-customers = 客户
ops-group-serials = 序列号
ops-group-shop = 套餐、订单、财务
ops-group-growth = 分销与群发
ops-group-system = 系统
opscmd-servers = 服务器列表：状态、负载、流量
opscmd-server-add = 添加服务器
opscmd-server-setup = 安装 Docker 并上线
opscmd-server-edit = 修改服务器资料、端口、流量上限
opscmd-server-drain = 停止接新单，可迁走现有租赁
opscmd-server-remove = 移除服务器
opscmd-server-types = 服务器类别与成本
opscmd-health = 一台服务器的健康与曲线
opscmd-traffic = 流量排行与上限
opscmd-failover = 故障切换（先预演）
opscmd-rebalance = 均衡各服务器负载
opscmd-image-roll = 滚动更新中继镜像
opscmd-user = 查客户：邮箱、用户名、ID
opscmd-history = 客户的全部记录
opscmd-renew = 续费到指定日期
opscmd-pause = 暂停租赁，冻结天数
opscmd-resume = 恢复租赁
opscmd-release = 立即释放租赁
opscmd-acl = 查看、重发、修改客户的 ACL
opscmd-unbind = 解绑序列号，收回未用天数
opscmd-compensate = 按服务器或地区补偿天数
opscmd-ban = 停用账户
opscmd-unban = 恢复账户
opscmd-close = 注销账户
opscmd-serial-generate = 生成一批序列号
opscmd-serial = 查序列号：状态、归属、用途
opscmd-serial-paid = 登记赊账批次已付款
opscmd-plans = 套餐列表
opscmd-plan-add = 新建套餐
opscmd-plan-edit = 修改套餐
opscmd-plan-hide = 下架套餐
opscmd-orders = 客户的订单
opscmd-order = 订单详情：付款、通知、账目
opscmd-refund = 退款
opscmd-finance = 收入、成本、利润
opscmd-distributor-add = 添加分销员
opscmd-broadcast = 群发公告
opscmd-help = 命令列表
opscmd-bind = 绑定本群为运维群
opscmd-alert-rule = 告警规则与静默
opscmd-jobs = 任务队列
opscmd-retry = 重试失败任务
opscmd-audit = 审计记录

## page
page-acl-title = ACL 配置，第 { $version } 版
page-acl-how = 打开 Tailscale 控制台的 Access controls，切到 JSON 编辑器，把下面这段放在第一个 <code>{"{"}</code> 之后，保存。策略里已有 <code>derpMap</code> 时，只合并 <code>Regions</code>。
page-acl-copy = 复制
page-acl-copied = 已复制
page-acl-secret = 这个网址相当于密码，不要公开。
page-acl-missing = 没有这份 ACL 配置。回到聊天里重新取得链接。
