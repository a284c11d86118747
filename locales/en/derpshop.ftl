## shared
time-left-days =
    { $days ->
        [one] { $days } day left
       *[other] { $days } days left
    }
time-left-hours =
    { $hours ->
        [one] { $hours } hour left
       *[other] { $hours } hours left
    }
time-left-minutes =
    { $minutes ->
        [one] { $minutes } minute left
       *[other] { $minutes } minutes left
    }
time-overdue-days =
    { $days ->
        [one] ended { $days } day ago
       *[other] ended { $days } days ago
    }
time-overdue-hours =
    { $hours ->
        [one] ended { $hours } hour ago
       *[other] ended { $hours } hours ago
    }
duration-seconds = { $seconds } s
duration-minutes = { $minutes } min
duration-hours = { $hours } h
duration-hours-minutes = { $hours } h { $minutes } min
duration-days =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
cap-period = { $amount } per 30 days (1 GB relayed counts as 2 GB)
cap-none = unlimited
traffic-line = { $used } / { $cap }, resets { $reset }
traffic-line-free = { $used } (unlimited)
plan-title =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
plan-title-dual =
    { $days ->
        [one] { $days } day, dual relay
       *[other] { $days } days, dual relay
    }
plan-terms =
    <b>{ $plan }</b>, { $days ->
        [one] { $days } day
       *[other] { $days } days
    }, { $price }
    Traffic: { $cap }
    Devices: up to { $devices }
    { $relays ->
        [2] Dual relay: one on each of two servers; if one fails, clients switch within seconds
       *[other] Single relay: if the server fails we move you, and you update the ACL config once
    }
plan-terms-hourly =
    <b>{ $plan }</b>, { $rate } per hour, charged to your balance after use
    Start and stop any time; only running time is charged
    Traffic: { $cap }
    Devices: up to { $devices }
usage-notes =
    <b>Before you start</b>
    • Clients need Tailscale 1.84 or newer (the certificate is pinned).
    • Every device that talks through the relay takes a slot, on both ends.
    • Traffic counts in and out: 1 GB relayed is 2 GB. Direct traffic doesn't touch the relay and isn't counted.
    • Node sharing and other cross-tailnet features don't work with custom DERP.
    • Tailscale goes direct when it can; the relay helps with NAT traversal and carries the rest.

## start
start-welcome =
    <b>{ $shop }</b>: your own Tailscale DERP relay, running in about a minute.

    One container, yours alone. Works with Tailscale and headscale.

    Register by e-mail first: we send a 6-digit code, no password needed. By continuing you accept the { $terms }.
start-welcome-plain =
    <b>{ $shop }</b>: your own Tailscale DERP relay, running in about a minute.

    One container, yours alone. Works with Tailscale and headscale.

    Tap “Start”; there is nothing to register. By continuing you accept the { $terms }.
start-terms-link = <a href="{ $url }">terms</a>
start-terms-command = terms (/terms)
start-referral =
    <b>{ $distributor }</b> invited you to <b>{ $shop }</b>: your own Tailscale DERP relay, running in about a minute.

    Same price as buying direct; support comes from us.

    Register by e-mail first: we send a 6-digit code, no password needed. By continuing you accept the { $terms }.
start-referral-existing = You already have an account. Referrals count at the first visit only, so this link changes nothing.
start-serial-kept = The serial is here and waits until you're registered.
start-redeem-preview =
    Serial <code>{ $code }</code> is ready to redeem:

    { $terms }

    Once redeemed it counts as used. Redeem it now?

## register
register-email-ask = Send me an e-mail address. Reminders and renewal receipts go there too.
register-email-invalid = <code>{ $input }</code> isn't a valid e-mail address. Check it and send it again, for example <code>name@example.com</code>.
register-code-sent =
    A code went to <code>{ $email }</code>. It works for { $minutes } minutes; send me the 6 digits.
    Nothing there? Check spam; you can resend in { $seconds } s.
register-code-form = The code is the 6 digits in the mail; send them to me. Nothing there? Use the buttons below.
register-code-many = Too many codes this hour; you can have another after { $until }. The last one works until it expires.
register-code-wrong =
    { $tries ->
        [one] Wrong code. { $tries } try left.
       *[other] Wrong code. { $tries } tries left.
    }
register-code-expired = This code has expired. Tap “Resend code” for a new one.
register-code-wait = You can resend in { $seconds } s. The last code still works.
register-mail-failed =
    The mail to <code>{ $email }</code> wasn't delivered: { $reason }.
    Use another address, or resend later.
register-email-taken = This e-mail belongs to another Telegram account. Use another address or that account; if neither works, contact support.
register-done = ✅ You're registered. <code>{ $email }</code> is verified.
mail-why-mailbox = there is no such mailbox
mail-why-refused = the recipient's mail server refused it
mail-why-unreachable = the mail server can't be reached just now
register-email-changed = ✅ Your e-mail is now <code>{ $email }</code>. Reminders and renewal receipts go there.
register-email-same = <code>{ $email }</code> is your e-mail already; there is nothing to verify.

## menu
menu-home =
    <b>{ $shop }</b>

    Relays: { $active } running
    Next to end: { $next_end } ({ $left })
    Balance: { $balance }
menu-home-empty =
    <b>{ $shop }</b>

    You have no relay yet. Have a serial? Tap “Redeem a serial”. If not, “Buy a plan”.
menu-home-relays =
    <b>{ $shop }</b>

    Relays: { $active } running
    Next to end: { $next_end } ({ $left })
menu-home-waiting =
    <b>{ $shop }</b>

    Your relay is being set up. You'll get a message.
menu-home-new =
    <b>{ $shop }</b>

    You have no relay yet. Have a serial? Tap “Redeem a serial”; it takes about a minute.

## redeem
redeem-ask = Send me the serial. Spaces, dashes and case don't matter.
redeem-typo =
    <code>{ $code }</code> fails its check: a character is probably wrong or missing.
    Copy the whole serial from the seller's message and send it again. This didn't count as a failed try.
redeem-unknown =
    { $tries ->
        [one] No such serial. Check it, or ask the seller. { $tries } try left this hour.
       *[other] No such serial. Check it, or ask the seller. { $tries } tries left this hour.
    }
redeem-locked = Too many wrong serials. Redeeming is locked until { $until }. Your relays aren't affected.
redeem-used = This serial was redeemed on { $date } and can't be used again. Ask the seller for another one.
redeem-used-self = You redeemed this serial on { $date }. Its days are on <b>{ $relay }</b>, which ends { $end }.
redeem-expired = This serial had to be redeemed by { $date }. Please contact the seller.
redeem-revoked = This serial was revoked and can't be redeemed. Please contact the seller.
redeem-not-ready = This serial can't be redeemed yet. Contact the seller, and keep it.
redeem-target =
    { $terms }

    Where should it go? Extending adds the days after the current end.
redeem-region = Choose a region. Closer to your devices means lower latency.
redeem-region-latency = Latency as seen from { $vantage }, for orientation; what counts is <code>tailscale netcheck</code> on your device.
redeem-soldout = No region has room right now. The serial hasn't been used and stays valid; send it again later.
redeem-extended =
    { $days ->
        [one] ✅ <b>{ $relay }</b> extended by { $days } day
       *[other] ✅ <b>{ $relay }</b> extended by { $days } days
    }
    Was: { $old_end }
    Now: { $new_end } ({ $left })
    The relay and the ACL config stay the same. Nothing to do.
serial-terms =
    <b>{ $plan }</b>, { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
    Traffic: { $cap }
    Devices: up to { $devices }
    { $relays ->
        [2] Dual relay: one on each of two servers; if one fails, clients switch within seconds
       *[other] Single relay: if the server fails we move you, and you update the ACL config once
    }
redeem-accepted = ✅ Serial <code>{ $code }</code> is redeemed; progress is in the next message.
redeem-left = Nothing was redeemed and the serial stays valid. Send it again whenever you like.

## provision
provision-progress =
    <b>{ $relay }</b> is being set up

    { $steps }

    Usually done within a minute. You'll get a message.
step-done = ✅ { $step }
step-now = ⏳ { $step }…
step-todo = · { $step }
step-failed = ❌ { $step }
provision-step-place = Choose a server
provision-step-start = Start the relay
provision-step-probe = Test from outside
provision-step-config = Make the ACL config
provision-slow = Slower than usual, still working. Nothing to do; your time starts when the relay does.
provision-moved = The first server didn't pass the test, so we're using another. Your time isn't affected.
provision-failed =
    ❌ <b>{ $relay }</b> isn't up yet. Servers tried: { $tries }, none passed the test. Our operators are on it.

    The days are yours and haven't started; don't redeem again. We'll finish by ourselves and tell you.
provision-done = ✅ <b>{ $relay }</b> is up and passed every test. The ACL config is in the next message.

## relay
relay-list = <b>My relays</b> ({ $count })
relay-list-empty = You have no relay yet. Have a serial? Tap “Redeem a serial”; it takes about a minute.
relay-card =
    { $glyph } <b>{ $relay }</b> · { $status }
    Plan: { $plan }
    Address: <code>{ $address }</code>
    Ends: { $end } ({ $left })
    Traffic: { $traffic }
    Devices: { $devices } / { $device_limit }
relay-card-hourly =
    { $glyph } <b>{ $relay }</b> · { $status }
    Billing: { $rate } per hour, running time only
    Address: <code>{ $address }</code>
    This month: { $hours } h, { $amount }
    Balance: { $balance }, about { $hours_left } h at this rate
    Traffic: { $traffic }
    Devices: { $devices } / { $device_limit }
relay-status-running = running
relay-status-starting = starting
relay-status-attention = needs attention
relay-status-overcap = traffic used up
relay-status-expired = ended
relay-status-paused = paused
relay-status-stopped = stopped
relay-status-released = released
relay-serial-line =
    { $days ->
        [one] <code>{ $code }</code> · { $days } day · redeemed { $redeemed } · until { $until }
       *[other] <code>{ $code }</code> · { $days } days · redeemed { $redeemed } · until { $until }
    }
relay-traffic =
    <b>{ $relay }</b> traffic
    { $bar } { $percent }%
    Used: { $used } / { $cap } (in { $rx }, out { $tx })
    Resets: { $reset }
    { $projection }
relay-traffic-ok = At the rate of the last 7 days it will last this period.
relay-traffic-out = At the rate of the last 7 days it runs out around { $date }.
relay-history-line = { $at } · { $what }
relay-row = { $glyph } { $relay } · { $left }
relay-serials = Serials of <b>{ $relay }</b>
relay-history = History of <b>{ $relay }</b>
relay-not-yet = not known yet
relay-end-starts = time starts when the relay does
glyph-good = 🟢
glyph-busy = ⏳
glyph-attention = 🟡
glyph-stopped = 🔴
glyph-idle = ⚪
history-redeemed = serial redeemed
history-passed = relay passed its test and runs
history-moved = a server didn't pass the test; moved to another
history-renewed = renewed or resumed
history-paused = paused
history-ended = ended, relay stopped
history-released = released

## acl
acl-delivery =
    <b>ACL config</b>, version { $version }: { $contents }

    <pre>{ $snippet }</pre>

    1. Open <a href="https://login.tailscale.com/admin/acls/file">Access controls</a> in the Tailscale admin console and switch to the JSON editor.
    2. Paste the text right after the first <code>{"{"}</code> and save. Online devices get it within seconds.
    3. On any device run <code>tailscale netcheck</code>; it should list <code>{ $region_code }</code>.

    Already have a <code>derpMap</code>? Merge only { $region_ids } into its <code>Regions</code>.
    Clients need 1.84 or newer; every device that talks through the relay takes a slot; node sharing doesn't work.
acl-steps-headscale =
    <b>headscale</b>

    1. Add this URL to the <code>derp</code> section of <code>config.yaml</code>; keep what is there:
    <pre>derp:
      urls:
        - https://controlplane.tailscale.com/derpmap/default
        - { $url }
      auto_update_enabled: true
      update_frequency: 10m</pre>
    2. Restart headscale, then run <code>tailscale netcheck</code> on any device; it should list <code>{ $region_code }</code>.

    Later changes are fetched every <code>update_frequency</code> (3h by default, 10m suggested).
    Treat this URL like a password.
acl-keep-default = Keep the official relays: don't set <code>OmitDefaultRegions</code>, so devices have somewhere to go when a relay stops.
acl-updated =
    ⚠️ The ACL config of <b>{ $relay }</b> changed to version { $version }
    Change: { $change }

    Replace { $region_ids } in your <code>derpMap</code> with this and leave the rest:
    <pre>{ $snippet }</pre>
acl-updated-auto =
    ✅ The ACL config of <b>{ $relay }</b> was updated to version { $version } for you
    Change: { $change }
    Nothing to do. You can undo this edit.
acl-updated-headscale =
    The ACL config of <b>{ $relay }</b> changed to version { $version }
    Change: { $change }
    headscale applies it at its next fetch. To apply it now, restart headscale.
acl-auto-ask =
    <b>Automatic updates</b>
    Give us an OAuth client limited to the policy file (policy_file). When an address changes we edit <code>derpMap</code> ourselves, keep every other byte and comment, and each edit can be undone.

    Send the client ID and secret separated by a space; your message is deleted on arrival.
acl-auto-on = ✅ Automatic updates are on, and a test write passed. You'll be told about every edit.
acl-auto-failed =
    ⚠️ We couldn't write your policy file: { $reason }.
    The policy is unchanged. Replace it by hand, or grant access again.
acl-policy-ask = Send me the whole policy file (text or file). We check it and merge <code>derpMap</code>. It isn't stored.
acl-policy-ok = ✅ The syntax is right and { $region_ids } is merged; nothing else changed. Replace the text in the console with the attached file.
acl-policy-bad = Syntax error in line { $line }: { $reason }. Fix it and send it again; nothing was changed.
acl-none = There is no ACL config yet. It is made when your relay is up, and sent here.
acl-delivery-long =
    <b>ACL config</b>, version { $version }: { $contents }

    It is long: use “Copy on the web” or “Download JSON”.

    1. Open <a href="https://login.tailscale.com/admin/acls/file">Access controls</a> in the Tailscale admin console and switch to the JSON editor.
    2. Paste <code>derpMap</code> right after the first <code>{"{"}</code> and save. If you have one already, merge only { $region_ids } into its <code>Regions</code>.
    3. On any device run <code>tailscale netcheck</code>; it should list <code>{ $region_code }</code>.
acl-changed =
    ⚠️ The ACL config changed to version { $version }
    Change: { $change }. Replace your <code>derpMap</code> with the new one.
acl-change-first = first version
acl-change-added = a relay was added
acl-change-removed = a relay was removed
acl-change-moved = a relay has a new address or certificate
acl-change-manual = changed by support
acl-file-caption = ACL config version { $version }: the <code>derpMap</code> for your policy file.
acl-versions = <b>Versions of the ACL config</b>
acl-version-line = Version { $version } · { $at } · { $change }

## test
test-running = ⏳ Testing <b>{ $relay }</b> from { $vantage }, about { $seconds } s.
test-good =
    🟢 <b>{ $relay }</b> works
    TLS: { $tls_ms } ms, certificate pin matches
    DERP handshake: { $derp_ms } ms
    Relayed round trip: { $relay_ms } ms
    STUN (UDP): { $stun_ms } ms
    From { $vantage }, { $at }

    A device still can't connect? It's likely the local network or the ACL config: tap “Can't connect?”.
test-bad =
    🔴 <b>{ $relay }</b> failed the test: { $failed }
    { $results }
    From { $vantage }, { $at }

    { $cure }
test-line-ok = { $name }: { $ms } ms
test-line-failed = { $name }: failed
test-line-skipped = { $name }: not tested
test-cure-ours = The fault is on our side; our operators are alerted and you'll be told when it's fixed. In a hurry? Remove { $region_ids } from <code>derpMap</code> and devices use the official relays.
test-cure-pin = The server's certificate doesn't match the pin in your ACL config. Don't change the config until this is settled; our operators are alerted.
test-cure-stun = Relaying over TCP works; only UDP latency measurement fails, so clients may not prefer this relay. Our operators are alerted. Nothing to do.
test-cure-expired = The relay has ended. Renew it and it returns with the same address and port; the ACL config stays.
test-cure-overcap = This period's traffic is used up and the relay has stopped. Renew, add traffic, or wait for the reset on { $reset }.
test-cure-paused = The relay is paused and its days are kept. Resume it and test again.
test-cure-stopped = You stopped this relay. Tap “Start” and test again.
broken-steps =
    On the device that can't connect, run:

    1. <code>tailscale version</code>
    Should be 1.84 or newer; older ones don't know certificate pins.
    2. <code>tailscale netcheck</code>
    Should show a line like <code>{ $region_code }: 38ms</code>. No line: the ACL config isn't applied. A line without a time: your network blocks UDP { $port }.
    3. <code>tailscale ping PEER</code>
    Should say <code>via DERP({ $region_code })</code>. An IP and port means a direct path, which is faster.

    Firewalls must allow TCP and UDP to <code>{ $address }</code>.
    Before 1.100, <code>tailscale debug derp</code> reports a certificate error that isn't one; don't go by it.
broken-sent = ✅ The results went to our operators, reference <code>{ $ref }</code>. We'll reply here.
test-nothing = <b>{ $relay }</b> is still being set up; there is nothing to test yet. Try again once it is up.
test-line-why = { $name }: { $why }
test-step-tls = TLS
test-step-derp = DERP handshake
test-step-relay = Relayed round trip
test-step-stun = STUN (UDP)
test-why-refused = connection refused
test-why-silent = no answer
test-why-pin = certificate doesn't match the pin
test-why-dates = certificate outside its dates
test-why-rejected = refused by admission
test-why-udp = no or wrong answer over UDP
test-why-protocol = protocol error
test-cure-ours-short = The fault is on our side. Wait a minute and test again; if it persists, tap “Can't connect?” and then “Send to operators”.

## device
device-list =
    Devices of <b>{ $relay }</b>: { $devices } / { $limit }
    A device not seen for 7 days gives up its slot.
device-line = { $glyph } { $name } · { $seen }
device-card =
    { $glyph } <b>{ $name }</b>
    Key: <code>{ $key }</code>
    From: { $ip }
    First seen: { $first }
    Last seen: { $last }

    A relay can't see device names. Compare <code>PublicKey</code> in <code>tailscale status --json</code> on the device.
device-over-limit =
    ⚠️ <b>{ $relay }</b> saw device number { $count }; your plan allows { $limit }
    Key: <code>{ $key }</code>, from { $ip }

    It may connect until { $until }, then it's refused. Remove an old device, block this one, or upgrade.
    A device that logs in again gets a new key and looks new: just remove its old entry.
device-refused =
    🔴 <b>{ $relay }</b> refused device <code>{ $key }</code>: { $reason }
    It may stay on this relay without a connection and won't move by itself. Remove an old device and it recovers within seconds.
device-blocked = { $name } is blocked and drops within seconds. It may stay on this relay without a connection; unblock it to bring it back.
device-removed = { $name } is removed and its slot is free. If it connects again it counts as new.
device-no-ip = an unknown address

## errors
error-generic = That didn't work, and the fault is ours. Try again later; if it persists, send <code>{ $ref }</code> to support.
error-rate-limit = Too fast. Continue in { $seconds } s; the last request wasn't carried out.
error-button-old = This button has expired. Here is the current state.
error-button-gone = This button has expired.
error-unknown-text = I didn't understand that. To redeem a serial just send it; for anything else use the menu.
error-banned = This account is suspended. Questions? Contact support and quote <code>{ $ref }</code>.
error-maintenance = Under maintenance, expected back { $until }. Running relays aren't affected.
error-not-found = Not found. It may have been deleted.
error-group-only = This command works in the ops group only.
error-private-only = This is a group. Message me in private to see your relays and orders.
error-sales-stopped = Sales are paused. Existing relays and renewals aren't affected.

## remind
remind-7 =
    { $days ->
        [one] <b>{ $relay }</b> ends { $end } ({ $left }). Renew for { $days } day: { $price }.
       *[other] <b>{ $relay }</b> ends { $end } ({ $left }). Renew for { $days } days: { $price }.
    }
    Address, port and ACL config stay the same.
remind-3 =
    <b>{ $relay }</b> ends { $end } ({ $left }).
    It then stops and is kept until { $kept_until }; renew by then and it returns as it was.
remind-1 =
    ⚠️ <b>{ $relay }</b> ends { $end } ({ $left }).
    It then stops and devices use your other relay or the official ones. Renew now and nothing is interrupted.
remind-auto-renew =
    { $days ->
        [one] <b>{ $relay }</b> renews by itself on { $at } for { $days } day: { $price } from your balance.
       *[other] <b>{ $relay }</b> renews by itself on { $at } for { $days } days: { $price } from your balance.
    }
    Balance now: { $balance }. Don't want it? Turn it off.
remind-auto-renew-short =
    ⚠️ Auto-renewing <b>{ $relay }</b> takes { $price }; your balance is { $balance }, { $missing } short.
    Top up before { $at }. Otherwise nothing is charged and the relay stops at its end.
expired-stopped =
    🔴 <b>{ $relay }</b> has ended and is stopped.
    We keep it until { $kept_until }: renew by then and it returns with the same address and port; the ACL config stays.
expired-released =
    <b>{ $relay }</b> is no longer kept; its address and port are released.
    You may delete { $region_ids } from <code>derpMap</code>; leaving it does no harm. A new relay gets a new address; records stay under “History”.
renewed =
    { $days ->
        [one] ✅ <b>{ $relay }</b> renewed for { $days } day
       *[other] ✅ <b>{ $relay }</b> renewed for { $days } days
    }
    Was: { $old_end }
    Now: { $new_end } ({ $left })
    Nothing to do; the ACL config stays.
renewed-by-admin =
    ✅ Support renewed <b>{ $relay }</b> for you
    Was: { $old_end }
    Now: { $new_end } ({ $left })
compensated =
    { $days ->
        [one] <b>{ $relay }</b> gets { $days } day extra and ends { $new_end } ({ $left }). Reason: { $reason }.
       *[other] <b>{ $relay }</b> gets { $days } days extra and ends { $new_end } ({ $left }). Reason: { $reason }.
    }
paused =
    { $left_days ->
        [one] <b>{ $relay }</b> is paused with { $left_days } day kept. Time runs again when it's resumed.
       *[other] <b>{ $relay }</b> is paused with { $left_days } days kept. Time runs again when it's resumed.
    }
resumed = 🟢 <b>{ $relay }</b> is running again and ends { $new_end } ({ $left }).

## traffic
traffic-80 = <b>{ $relay }</b> has used 80% of this period's traffic: { $used } / { $cap }, resets { $reset }. { $projection }
traffic-95 =
    ⚠️ <b>{ $relay }</b> has used 95% of this period's traffic: { $used } / { $cap }.
    At 100% it stops until the reset on { $reset }. Add traffic to avoid that.
traffic-100 =
    🔴 <b>{ $relay }</b> has used all of this period's traffic ({ $cap }) and is stopped.
    Add traffic or renew to start it now; otherwise it starts on { $reset }. Until then devices use your other relay or the official ones.
traffic-resumed = 🟢 <b>{ $relay }</b> is running again: { $reason }. Traffic this period: { $used } / { $cap }.
hourly-low =
    { $hours ->
        [one] ⚠️ Balance { $balance }, about { $hours } hour at this rate.
       *[other] ⚠️ Balance { $balance }, about { $hours } hours at this rate.
    }
    At zero, hourly relays stop; top up and start them again.
hourly-stopped = 🔴 Your balance is used up and <b>{ $relay }</b> is stopped; it costs nothing while stopped. Top up and tap “Start”; the address stays.

## shop
shop-list = Choose a plan. Prices include everything; nothing is charged by itself unless you turn on auto-renew.
shop-plan =
    { $terms }
    Regions: { $regions }

    { $notes }
shop-soldout = { $region } is sold out for now. Choose another region, or tap “Tell me”.
shop-quantity = How many? Each is one serial, to use yourself or pass on.
shop-change-plan =
    Change to <b>{ $plan }</b>:
    Remaining days: { $old_days } → { $new_days }, difference { $difference }
    New end: { $new_end }
    Address and ACL config stay the same.
pay-choose =
    { $plan } × { $qty }, to pay <b>{ $amount }</b>
    Balance { $balance }. Choose how to pay:
pay-pending =
    Order <code>{ $order }</code>
    { $plan } × { $qty }, to pay <b>{ $amount }</b>

    Scan the code or tap “Pay”. Valid until { $deadline } ({ $minutes } min). Pay exactly this amount in one go; you'll be told the moment it arrives.
pay-checking = ⏳ No payment seen yet. It usually takes under a minute and you'll be told at once; don't pay twice.
pay-paid =
    ✅ { $amount } received, order <code>{ $order }</code> is complete.

    { $codes }

    Whoever redeems a serial first owns it, so keep it private. For your own use tap “Redeem”.
pay-late-honoured = ✅ { $amount } received. It came after the deadline and was accepted; nothing more to pay.
pay-late-balance =
    { $amount } received, but order <code>{ $order }</code> is closed and can't be delivered.
    The full amount is in your balance (now { $balance }); use it for a new order or ask for a refund.
pay-short =
    ⚠️ Order <code>{ $order }</code>: { $received } received of { $amount }, { $missing } missing.
    What you paid is in your balance (now { $balance }). Pay the difference and the order completes at once.
pay-over = Order <code>{ $order }</code> was overpaid by { $extra }; it's in your balance (now { $balance }).
pay-expired = Order <code>{ $order }</code> wasn't paid in time and is closed. If you have just paid, we handle it when it arrives and tell you.
pay-cancelled = Order <code>{ $order }</code> is cancelled. Nothing was charged.
pay-gateway-down = { $method } isn't available right now. No order was made and nothing was charged. Choose another method, or try later.
pay-manual-ask =
    Transfer <b>{ $amount }</b> to { $account } with the note <code>{ $order }</code>.
    Then send the transfer reference or a screenshot here; a person confirms it (within { $hours } h).
pay-manual-waiting = Got your proof. A person will confirm it and you'll be told.
pay-manual-refused = The payment for order <code>{ $order }</code> couldn't be confirmed: { $reason }. Check and send it again, or contact support.
topup-done = ✅ Topped up { $amount }. Balance { $balance }.
refund-done =
    Order <code>{ $order }</code>: { $amount } refunded to { $to }.
    { $effect }
refund-failed = The payment provider refused the refund of order <code>{ $order }</code>; support will follow up. The { $amount } stays on record and isn't lost.
orders-list =
    <b>Orders &amp; balance</b>
    Balance: { $balance }
codes-line = <code>{ $code }</code> · { $plan } · { $status }

## account
account-card =
    <b>Account</b>
    Username: { $username }
    E-mail: { $email }
    Language: { $language }
    Time zone: { $zone }
confirm-close =
    ⚠️ <b>Close your account</b>
    • Relays stopped and released: { $relays }; remaining days lost: { $days }
    • Balance { $balance } becomes unusable; ask for a refund first
    • Your e-mail is freed and can be registered again
    • Orders and usage records are kept as the terms say

    To confirm, send: <code>{ $phrase }</code>
account-closed =
    Your account is closed, relays are released and the e-mail is freed.
    To remove { $region_ids } from <code>derpMap</code>, use the Tailscale admin console. Send /start to register again.
confirm-block = Block { $name }? It drops within seconds, can't use this relay and may lose its peers. You can unblock it any time.
confirm-region =
    { $moves ->
        [one] Move <b>{ $relay }</b> from { $from } to { $to }? { $moves } move left today.
       *[other] Move <b>{ $relay }</b> from { $from } to { $to }? { $moves } moves left today.
    }
    The address changes, so the ACL config must be updated. The old relay stays until { $until }; nothing is interrupted meanwhile.
confirm-cancel-order = Cancel order <code>{ $order }</code>? If you have paid, don't: it completes by itself.
unbound =
    { $days ->
        [one] Serial <code>{ $code }</code> was unbound from <b>{ $relay }</b>; { $days } unused day was taken back.
       *[other] Serial <code>{ $code }</code> was unbound from <b>{ $relay }</b>; { $days } unused days were taken back.
    }
    { $effect }

account-email-none = none
account-history =
    <b>History</b>
    { $lines }
account-history-none = Nothing here yet.
history-login = Logged in
history-registered = Registered
history-linked = Linked to Telegram
history-email = Changed the e-mail
history-username = Changed the username
history-locked = Too many wrong serials; redeeming locked for an hour
history-banned = Account suspended
history-unbanned = Account restored
username-ask = Send the new username: 2 to 32 letters, digits and <code>_ - .</code>, beginning with a letter.
username-invalid = <code>{ $input }</code> can't be a username: 2 to 32 letters, digits and <code>_ - .</code>, beginning with a letter.
username-taken = <code>{ $username }</code> is taken. Send another one.
lang-ask = <b>Language 语言</b>
lang-changed = ✅ Switched to English.
zone-ask = Send a city or zone name, for example <code>Asia/Shanghai</code>. All times are shown in it, and reminders go out between 9:00 and 21:00.
zone-unknown = No zone found for “{ $input }”. Try another city, or send the distance from UTC, for example <code>+8</code>.
zone-choose = Which one?
zone-asia-shanghai = Beijing, Shanghai
zone-asia-hong-kong = Hong Kong
zone-asia-taipei = Taipei
zone-asia-singapore = Singapore
zone-asia-tokyo = Tokyo
zone-asia-seoul = Seoul
zone-asia-dubai = Dubai
zone-europe-london = London
zone-europe-berlin = Berlin
zone-america-new-york = New York
zone-america-los-angeles = Los Angeles
zone-australia-sydney = Sydney
zone-row = { $name } { $offset }

## help
help-home =
    <b>Help</b>
    Three steps:
    1. Redeem a serial and choose a region; it takes about a minute.
    2. Paste the ACL config into the Tailscale admin console, or add the URL to headscale.
    3. Run <code>tailscale netcheck</code>; if it lists your region, it works.
    Trouble? Open the relay and tap “Can't connect?”.
terms-text =
    <b>Terms</b>
    1. We provide Tailscale DERP relays for the days, traffic and devices of your plan. A relay helps devices connect and forwards encrypted traffic; we can't see what is inside.
    2. Time counts from the relay's start. At its end the relay stops; address and port are kept for 3 days, and renewing brings it back as it was.
    3. A serial belongs to whoever redeems it first, and then counts as used. Keep it like cash.
    4. No unlawful use, no attacks, no reselling of relay traffic. Accounts that do are suspended.
    5. We keep: Telegram ID, e-mail, serials and rentals, public keys and addresses of devices, traffic counts. They serve to run, meter and repair the service and are sold to nobody.
    6. If a server fails we move you and your time isn't affected. Indirect loss isn't covered: for what matters choose a dual relay and keep the official ones.
    7. Changes of these terms appear here.
terms-page = Terms: { $url }
pay-support =
    Questions about payments, refunds or double charges go here; add the order number (see “Orders &amp; balance”).
    Orders paid with Telegram Stars are handled by us too, not by Telegram support.

## support
support-ask = Write your question here; screenshots are fine. If something can't connect, start with the output of <code>tailscale netcheck</code>.
support-sent = Passed on to support, reference <code>{ $ref }</code>. Hours: { $open }. Replies appear here.
support-reply = <b>Support</b>: { $text }
support-closed = This conversation is closed. Send another message to re-open it.

## distributor
dist-apply = Become a distributor: tell us in one message how you plan to sell (channels, rough numbers). We'll reply here.
dist-approved =
    ✅ You're now a distributor.

    { $rule }
dist-rule-commission =
    <b>Referral commission</b>
    For customers who register through your link you earn { $percent } of what each order actually pays. Hold: { $hold } d, then available; a refund takes it back.
    The first referral counts. Your own purchases, mutual referrals and re-registrations earn nothing.
dist-rule-wholesale =
    <b>Wholesale margin</b>
    Buy serials at wholesale price, sell at your own. Unused ones can be revoked; refunds cover unused ones only. New customers who redeem yours are counted as yours.
dist-panel =
    <b>Distributor</b> · { $month }
    Clicks { $clicks } · sign-ups { $signups } · orders { $orders }
    Commission this month: { $earned }

    Available: { $available }
    On hold: { $pending }
    Paid out: { $paid }
    Stock: { $stock }
dist-share-text =
    No direct path, and the official Tailscale relays are slow? Get your own DERP relay:
    order in Telegram, running in about a minute, paste one snippet. Works with headscale.
    { $link }
dist-new-order = A customer of yours paid { $amount }. Commission { $commission }, available from { $date }.
dist-clawback = Order <code>{ $order }</code> was refunded; { $commission } commission was taken back. Available: { $available }.
dist-statement =
    <b>Statement { $month }</b>
    Orders { $orders }, paid by customers { $sales }
    Commission { $earned }, taken back { $clawback }
    Serials bought { $bought }, redeemed { $redeemed }, margin { $margin }
    Available: <b>{ $available }</b>
    Details attached.
dist-wholesale =
    <b>Wholesale</b>: { $plan }
    { $tiers }
    How many? You get a file with one serial and redeem link per line.
dist-batch-done = ✅ Batch <code>{ $batch }</code>: { $plan } × { $count }, attached. The file is as good as cash; keep it safe.
dist-low-stock =
    { $days ->
        [one] { $plan }: { $stock } left in stock, about { $days } day at the rate of the last 7 days.
       *[other] { $plan }: { $stock } left in stock, about { $days } days at the rate of the last 7 days.
    }
dist-code-status =
    <code>{ $code }</code> · { $plan }
    Status: { $status }
    { $detail }
dist-payout-ask =
    Available <b>{ $available }</b>, minimum { $minimum }.
    Paid to: { $method }
    How much?
dist-payout-low = { $available } available, { $missing } below the minimum of { $minimum }. The { $pending } on hold will be added when it's released.
dist-payout-amount = The amount must be between { $minimum } and { $available }. Send another number, or tap “Pay out all”.
dist-payout-requested = ✅ Payout of { $amount } to { $method } requested, reference <code>{ $payout }</code>. It's paid after approval, usually within { $hours } h.
dist-payout-paid = ✅ Payout <code>{ $payout }</code> is paid: { $amount } to { $method }, reference <code>{ $reference }</code>.
dist-payout-refused = Payout <code>{ $payout }</code> was refused: { $reason }. { $amount } is available again.

## failover
failover-dual =
    One server of <b>{ $relay }</b> failed. Devices switched to the other one ({ $other }) and the service went on.
    We're adding a new one and will send the new ACL config.
failover-dual-done =
    ✅ <b>{ $relay }</b> has two relays again, the new one in { $region }.
    Change: { $change }
    Update the ACL config to restore the backup. Until then it works, without a spare.
failover-single =
    ⚠️ The server of <b>{ $relay }</b> failed. We're moving you to another one, about { $minutes } min.
    Devices use the official relays meanwhile. The address will change, so the ACL config must be updated once.
failover-single-done =
    ⚠️ <b>{ $relay }</b> is on a new server and passed the test. One step is left for you.
    The old address is gone: replace the ACL config with the next message to use the relay again. The end date stays.
failover-single-auto = ✅ <b>{ $relay }</b> is on a new server and the ACL config was updated for you. Nothing to do.
maintenance-move =
    The server of <b>{ $relay }</b> is due for maintenance. A new relay is ready; its ACL config is in the next message.
    Update before { $deadline }, then tap “Updated”. The old relay runs until then, so nothing is interrupted.
maintenance-short = <b>{ $relay }</b>: maintenance from { $from } to { $to }, down for about { $minutes } min. The address stays; nothing to do.

## ops
ops-bound = ✅ Bound as the ops group. Alerts, digests, payments and support threads come here. Send /help for the commands.
ops-bind-rights = ⚠️ The bot isn't an admin of this group yet, so { $missing } won't work. Grant it in the group settings and check with <code>derpshop doctor</code>.
ops-alert-open =
    { $severity ->
        [high] 🔴
        [medium] 🟡
       *[low] ⚪
    } <b>{ $subject }: { $what }</b>
    { $reading }
    Since { $since }
    Affects: rentals { $rentals }, users { $users }
    { $hint }
ops-alert-reading = Now { $value }, threshold { $threshold }, { $samples } in a row
ops-alert-reading-plain = { $value }, { $samples } in a row
ops-alert-acked = Acknowledged by { $who } ({ $at })
ops-alert-cleared =
    🟢 <b>{ $subject }: { $what }</b> cleared
    { $since } → { $until }, { $duration }
ops-alert-resolved =
    ⚪ <b>{ $subject }: { $what }</b> resolved
    { $who }, { $at }: { $note }
ops-alert-burst =
    🟡 New alerts in { $minutes } min: { $count }, grouped:
    { $lines }
ops-suspect =
    🟡 <b>{ $server }: not reachable from here</b>
    Other servers still reach it, so nothing is moved. Likely the route between us and it.
ops-failover-dry =
    <b>Failover of { $server }, dry run</b>
    Rentals to move: { $rentals } (dual { $dual }, single { $single })
    To: { $targets }
    Customers who must update the ACL config by hand: { $manual }
    Run it?
ops-failover-done =
    ✅ <b>Failover of { $server } done</b> in { $duration }
    Moved { $ok }, failed { $failed }, users told { $told }
ops-failover-held = ⚠️ Rentals moved this hour: { $moved }, the limit is { $limit }. Waiting for a person: { $rest }.
ops-server-add =
    <b>Add server</b> { $address }:{ $port } ({ $user }, { $region }, { $type })

    1. On the server, install our public key:
    <pre>{ $install_line }</pre>
    2. Compare the host fingerprint: <code>{ $fingerprint }</code>
    If it matches, tap “Matches”.
ops-setup-progress =
    <b>Setting up { $server }</b>
    { $steps }
ops-setup-done = ✅ <b>{ $server }</b> is set up and in service: { $cores } cores, { $memory } memory, { $disk } disk, { $arch }.
ops-setup-firewall =
    ❌ <b>{ $server }</b>: fine inside, but ports { $range } can't be reached from outside.
    Allow inbound TCP and UDP { $range } from 0.0.0.0/0 in the provider's firewall, then run <code>/server_setup { $server }</code>.
ops-server-remove-confirm =
    ⚠️ Remove <b>{ $server }</b>? Rentals on it: { $rentals }
    • Dual { $dual }: the other half serves on, then a new one is added
    • Single { $single }: moved; customers must update the ACL config
ops-renew-confirm =
    <b>{ $user }</b>, { $relay }: { $old_end } → { $new_end } ({ $change })
    The customer is told by mail and in Telegram.
ops-serial-done = ✅ Batch <code>{ $batch }</code>: { $plan } × { $count }. The file went to { $who } in private.
ops-open-me = I can't write to you in private yet: open the bot with the button below, then try again.
ops-usage =
    Usage: <code>{ $usage }</code>
    Example: <code>{ $example }</code>
ops-not-admin = This needs the admin role. A current admin grants it with <code>derpshop admin grant</code>.
ops-anonymous = You're posting as an anonymous admin, so I can't tell who you are. Turn “Remain anonymous” off and try again.
ops-not-yours = Only { $who } can confirm this.
ops-confirm-expired = The confirmation timed out and nothing was done. Send the command again.
ops-user-report =
    <b>{ $user }</b> can't connect to { $relay }
    { $results }
    Reference <code>{ $ref }</code>
ops-paid-stuck = 🟡 Order <code>{ $order }</code> was paid { $minutes } min ago and isn't delivered. Reason: { $reason }
ops-manual-pay = <b>{ $user }</b> sent a transfer proof: order <code>{ $order }</code>, { $amount }, reference <code>{ $reference }</code>
ops-payout = <b>{ $user }</b> asks for { $amount } to { $method }, reference <code>{ $payout }</code>. Left available: { $available }.
ops-digest =
    <b>Digest { $date }</b>
    Revenue { $revenue }, orders { $orders }, new users { $users }
    Rentals { $rentals }, ending today { $ending }
    Servers { $healthy } / { $servers } healthy, open alerts { $alerts }
    Audit head <code>{ $head }</code>
ops-broadcast-preview =
    <b>Broadcast preview</b>
    To: { $segment }. Recipients: { $count } (without those who blocked the bot)
    Takes about { $duration }

    Text as above. To confirm, send: <code>{ $phrase }</code>
ops-broadcast-progress = ⏳ Broadcast { $sent } / { $count }, failed { $failed }
ops-broadcast-done = ✅ Broadcast done in { $duration }: delivered { $sent }, blocked { $blocked }, failed { $failed }.
ops-relay-report =
    ⚠️ A customer's relay doesn't work for them: <b>{ $relay }</b>, { $user }, reference <code>{ $ref }</code>
    { $results }
ops-report-line = container { $container } · { $step }: { $outcome }
ops-provision-failed = 🔴 Rental #{ $rental } could not be set up: container { $container } failed its test (<code>{ $failure }</code>) and no other server has room. It is retried when there is.
ops-server-trouble = 🔴 Server { $server } can't be acted on: <code>{ $trouble }</code>. Check SSH and Docker, then run <code>/server_setup { $server }</code>.
ops-strangers = ⚠️ Server { $server } holds many containers that the database doesn't know. None was removed; look at them first.
ops-update-parked = ⚠️ A message of chat <code>{ $chat }</code> (<code>{ $update }</code>) crashed the bot three times and was set aside; others aren't affected. Tap “Handle again” once it is fixed.
ops-job-failed = 🔴 Job <code>{ $job }</code> failed several times and isn't tried any more. See /jobs for the reason, then tap “Retry”.
ops-message-refused = ⚠️ Telegram refused an outgoing message (<code>{ $message }</code>) as malformed; it was given up. The log has the reason.
ops-audit-head = Audit chain { $day }: { $count } records, head <code>{ $head }</code>
ops-audit-broken = 🔴 The audit records don't fit together at number <code>{ $seq }</code>: one was altered or removed. Check who has access to the database.

## ops-guards
ops-bind-wrong = That code is wrong or too old. Run <code>derpshop admin bind</code> on the machine for a new one.
ops-bind-other = The ops group was another group; it's this one from now on. The old one gets no more messages.
ops-unbound = No ops group is bound yet. Run <code>derpshop admin bind</code> on the machine and send its code in the group: <code>/bind CODE</code>.
ops-not-bound-here = This group isn't the ops group, so the command does nothing here.
ops-unknown-command = There is no command <code>/{ $command }</code>. Send /help for all of them.
ops-cancelled = Cancelled; nothing was done.
ops-confirm-over = This confirmation was dealt with before.
ops-changed-meanwhile = Things changed just now, so nothing was done. Send the command again.
ops-confirm-by =
    { $minutes ->
        [one] Only { $who } can confirm, for { $minutes } minute.
       *[other] Only { $who } can confirm, for { $minutes } minutes.
    }

## ops-arguments
ops-wrong-address = <code>{ $given }</code> isn't an IPv4 address.
ops-wrong-login = <code>{ $given }</code> isn't a login name.
ops-wrong-region = There is no region <code>{ $given }</code>. Known: { $known }
ops-wrong-type = There is no server type <code>{ $given }</code>. Known: { $known }
ops-wrong-server = There is no server <code>{ $given }</code>. Send /servers for all of them.
ops-wrong-server-many = <code>{ $given }</code> is more than one server: { $names }. Use a name.
ops-wrong-customer = There is no customer <code>{ $given }</code>. Use a username, an e-mail, a number or a numeric Telegram ID.
ops-wrong-customer-many = <code>{ $given }</code> is more than one customer. Use a number:
    { $rows }
ops-wrong-rental = There is no rental <code>{ $given }</code>.
ops-wrong-date = <code>{ $given }</code> isn't a date. Write <code>2026-12-24</code> or <code>2026-12-24 18:30</code>.
ops-wrong-number = <code>{ $given }</code> isn't a whole number from { $least } to { $most }.
ops-wrong-plan = There is no plan <code>{ $given }</code>. Known: { $known }
ops-wrong-serial = <code>{ $given }</code> isn't a serial.
ops-wrong-serial-check = <code>{ $given }</code> fails its check: a character is probably wrong or missing.
ops-wrong-field = There is no field <code>{ $given }</code>. Known: { $known }
ops-wrong-value = <code>{ $given }</code> can't be { $field }.
ops-wrong-job = There is no job <code>{ $given }</code>, or it is running.

## ops-servers
ops-servers =
    <b>Servers</b>: { $healthy } / { $count } take rentals
    { $rows }
ops-servers-row =
    { $status ->
        [healthy] 🟢
        [unhealthy] 🔴
       *[maintenance] ⚪
    } <b>{ $server }</b> { $region }, load { $load }, containers { $standing } / { $capacity }, traffic { $traffic }
ops-servers-none = There are no servers yet. Add the first with /server_add.
ops-traffic-left = { $left } left of { $total }
ops-traffic-free = unlimited
ops-server-status =
    { $status ->
        [healthy] takes rentals
        [unhealthy] in trouble
        [removing] being removed
       *[maintenance] maintenance
    }
ops-server-detail =
    <b>{ $server }</b>: { $status }
    Address: <code>{ $address }</code>, SSH port { $port }, user { $user }
    Fingerprint: <code>{ $fingerprint }</code>
    Region: { $region }, type: { $type }
    Containers: { $standing } / { $capacity }, ports { $ports }
    Load: { $load }, traffic: { $traffic }
    Hardware: { $hardware }
    Can be changed: { $fields }
ops-server-hardware = { $cores } cores, { $memory } memory, { $disk } disk, { $arch }, { $os }, Docker { $engine }
ops-server-no-hardware = not set up yet
ops-server-there = This address and port are <b>{ $server }</b> already; nothing was added.
ops-server-exists = { $address }:{ $port } is <b>{ $server }</b> already.
ops-server-added = ✅ <b>{ $server }</b> is added. Once the key is installed, run <code>/server_setup { $server }</code>.
ops-server-host-key =
    Host fingerprint of <b>{ $server }</b>
    Was: <code>{ $old }</code>
    Now: <code>{ $new }</code>
    Tap “Matches” only if it was reinstalled and its new fingerprint is this one.
ops-server-key-same = The host fingerprint of <b>{ $server }</b> hasn't changed: <code>{ $fingerprint }</code>
ops-server-edited = ✅ <b>{ $server }</b>: { $field } is now <code>{ $value }</code>.
ops-server-edit-busy = <b>{ $server }</b> has containers ({ $standing }), and customers' configs name its address and region, so { $field } can't be changed now.
ops-server-drained = ⚪ <b>{ $server }</b> takes no new rentals. Those on it ({ $rentals }) carry on. To take rentals again: <code>/server_setup { $server }</code>
ops-server-drained-already = <b>{ $server }</b> wasn't taking rentals.
ops-server-remove-empty = ⚠️ Remove <b>{ $server }</b>? There are no rentals on it. Its records stay.
ops-server-removing = ⏳ <b>{ $server }</b> is being removed: relays moved to other servers: { $moved }. It goes once the old containers are gone.
ops-server-removed = ✅ <b>{ $server }</b> is removed. Its records stay.
ops-server-remove-stuck =
    ⚠️ <b>{ $server }</b> is being removed; old containers still there: { $leaving }. It probably can't be reached.
    If you run it now, we stop waiting and record them as released; what runs on that machine is left as it is.
ops-server-remove-full = ❌ <b>{ $server }</b> wasn't removed: no other server has room for { $relay }. Add one with /server_add, or release it with /release.

## ops-types
ops-types =
    <b>Server types</b>
    { $rows }
ops-types-row =
    { $billing ->
        [hourly] <b>{ $name }</b>: { $rate } per hour
       *[yearly] <b>{ $name }</b>: by the year, { $rate } per day
    }{ $more }
ops-types-cores = , { $cores } cores
ops-types-memory = , { $memory } memory
ops-types-bandwidth = , { $bandwidth }
ops-types-traffic = , { $traffic } a month
ops-type-added = ✅ Server type <b>{ $name }</b> is added.
ops-type-edited = ✅ Server type <b>{ $name }</b> is changed:
    { $row }
ops-type-exists = There is a server type <b>{ $name }</b> already.

## ops-customers
ops-user =
    <b>{ $user }</b> (number { $id }): { $state }
    E-mail: { $email }
    Telegram: { $telegram }
    Language: { $language }, zone: { $zone }
    Registered: { $registered }, last login: { $login }
    { $rentals }
ops-user-state =
    { $state ->
        [banned] suspended
        [closed] closed
        [new] not registered yet
        [admin] admin
        [distributor] distributor
       *[user] customer
    }
ops-user-none = none
ops-user-row = <code>{ $user }</code>, number { $id }, { $email }
ops-user-no-rentals = No rentals
ops-rental-row =
    { $state ->
        [active] 🟢
        [starting] 🟡
        [expired] 🔴
       *[paused] ⚪
    } { $relay }: { $what }
ops-rental-active = until { $end } ({ $left })
ops-rental-starting =
    { $days ->
        [one] being set up, { $days } day waits
       *[other] being set up, { $days } days wait
    }
ops-rental-expired = ended { $end }, kept until { $kept_until }
ops-rental-paused = paused since { $since }
ops-rental-released = released { $at }
ops-history =
    <b>Records of { $user }</b>
    { $rows }
ops-history-none = There are no records of <b>{ $user }</b>.
ops-record-row =
    { $status ->
        [failed] { $at } { $who } <b>{ $what }</b> failed { $details }
       *[success] { $at } { $who } <b>{ $what }</b> { $details }
    }
ops-record-shop = shop
ops-record-console = console
ops-renew-which =
    { $count ->
        [one] <b>{ $user }</b> has { $count } rental. Renew it until { $end }?
       *[other] <b>{ $user }</b> has { $count } rentals. Which one is to run until { $end }?
    }
ops-renew-past = { $end } is in the past; nothing was done.
ops-renew-same = { $relay } ends { $end } as it is.
ops-renew-not-yet = { $relay } is still being set up; it has an end once it runs.
ops-renew-paused = { $relay } is paused. Run <code>/resume { $rental }</code> first, then renew.
ops-renew-nothing = <b>{ $user }</b> has no rental that can be renewed.
ops-renew-longer = { $duration } more
ops-renew-shorter = { $duration } less
ops-renewed = ✅ <b>{ $user }</b>, { $relay } renewed: { $old_end } → { $new_end } ({ $change }). The customer is told by mail and in Telegram.
ops-paused = ⚪ <b>{ $user }</b>, { $relay } is paused with { $duration } left. To resume: <code>/resume { $rental }</code>
ops-pause-not = { $relay } isn't running, so it can't be paused.
ops-resumed = ✅ <b>{ $user }</b>, { $relay } runs again, until { $end }.
ops-resume-not = { $relay } isn't paused.
ops-rental-is-released = { $relay } is released already.
ops-release-confirm =
    ⚠️ Release { $relay } of <b>{ $user }</b>?
    • The relay stops at once; its address and port are given up for good
    • Lost: { $left }
    • It leaves the ACL config and the customer is told
ops-released = ✅ <b>{ $user }</b>, { $relay } is released.
ops-ban-confirm =
    ⚠️ Suspend <b>{ $user }</b>?
    • Relays stopped at once: { $rentals }; their time runs on
    • The bot does nothing more for this account
ops-banned = ✅ <b>{ $user }</b> is suspended; relays stopped: { $rentals }. To restore: <code>/unban { $user }</code>
ops-banned-already = <b>{ $user }</b> is suspended already.
ops-ban-admin = <b>{ $user }</b> is an admin and can't be suspended.
ops-unbanned = ✅ <b>{ $user }</b> is restored; relays started again: { $rentals }.
ops-unbanned-already = <b>{ $user }</b> isn't suspended.
ops-acl =
    ACL config of <b>{ $user }</b>: { $mode }
    { $version }
    { $rows }
ops-acl-mode =
    { $mode ->
        [manual] manual, on { $servers } only
        [off] off
       *[auto] automatic, every relay
    }
ops-acl-version = Version { $version }, { $at }
ops-acl-no-version = No version yet
ops-acl-row = { $region_id }: { $relay }, <code>{ $address }</code>
ops-acl-none = <b>{ $user }</b> has no ACL config yet: the first relay brings it.
ops-acl-resent = ✅ The ACL config was sent to <b>{ $user }</b> again.
ops-acl-set = ✅ ACL config of <b>{ $user }</b> is now: { $mode }. { $outcome }
ops-acl-new = Version { $version } was sent to the customer.
ops-acl-unchanged = It says the same as before, so the customer isn't told.
ops-acl-off-confirm =
    ⚠️ Turn the ACL config of <b>{ $user }</b> off?
    • The new version names no relay; headscale takes it at its next fetch
    • The relays run on, and so does their time

## ops-serials
ops-serial-file =
    { $count ->
        [one] Batch <code>{ $batch }</code>: { $count } serial, { $plan }.
       *[other] Batch <code>{ $batch }</code>: { $count } serials, { $plan }.
    }
    Whoever redeems one first has it, so keep them to yourself.
ops-serial-no-plan = There is no plan of { $days } days, and no default plan. Send /plans for all of them.
ops-serial-hourly = <b>{ $plan }</b> is charged by the hour and has no serials.
ops-serial-waiting = ⏳ Batch <code>{ $batch }</code> is made: { $plan } × { $count }. The file isn't delivered yet.
ops-serial =
    <code>{ $code }</code>: { $state }
    Plan: { $plan }, { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
    Batch: <code>{ $batch }</code>
    { $use }
ops-serial-state =
    { $state ->
        [used] used
        [expired] expired
        [revoked] revoked
        [unpaid] not paid
       *[unused] unused
    }
ops-serial-used = Redeemed by <b>{ $user }</b>, { $at }, { $relay }
ops-serial-until = Redeem by { $at }
ops-serial-free = No limit for redeeming
ops-serial-gone = It can't be redeemed any more
ops-serial-unknown = There is no such serial.
ops-plans =
    <b>Plans</b>
    { $rows }
ops-plans-row = <code>{ $name }</code> <b>{ $plan }</b>: { $term }, { $price }, traffic { $cap }, devices { $devices }, { $relays ->
        [2] dual relay
       *[other] single relay
    }
ops-plans-days =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
ops-plans-hourly = by the hour
ops-plans-default = , default
ops-plans-hidden = , not on sale
ops-plans-no-price = no price
ops-plans-none = There are no plans yet. Run <code>derpshop admin seed</code> for a first set.

## ops-system
ops-right-admin = admin rights
ops-help-group = <b>{ $group }</b>
ops-help-row = /{ $command } { $about }
ops-unparked = Put back into its queue; it is handled again now.
ops-jobs =
    <b>Jobs</b>: failed { $failed }, waiting { $waiting }
    { $rows }
ops-jobs-row =
    { $state ->
        [failed] ❌
        [running] ⏳
       *[waiting] ·
    } <code>{ $job }</code> { $name }{ $about }, try { $attempts } of { $most }
ops-jobs-none = The queue is empty.
ops-job-retried = ✅ Job <code>{ $job }</code> was started again.
ops-audit =
    <b>Audit records</b>
    { $rows }
ops-audit-about =
    <b>Audit records of { $subject }</b>
    { $rows }
ops-audit-none = There are no records.

## ops-setup
ops-setup-goes-on = <b>{ $server }</b> is being set up; see the message above.
ops-setup-leaving = <b>{ $server }</b> is being removed and can't be set up.
ops-setup-begun = Set-up has begun; its progress is in the next message.
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
setup-step-connect = SSH connection
setup-step-system = Check the system
setup-step-architecture = Check the architecture
setup-step-privilege = Check privileges
setup-step-clock = Check the clock
setup-step-engine = Check Docker
setup-step-forwarding = Connect to Docker
setup-step-settings = Set Docker up
setup-step-ports = Check ports
setup-step-hardware = Read the hardware
setup-step-image = Stream the relay image
setup-step-trial = Start a test relay
setup-step-outside = Test TCP and UDP from outside
setup-busy-installing = Installing Docker, which may take some minutes
setup-busy-streaming = Streaming the relay image, { $sent } / { $total }
setup-found-connected = SSH connected, host fingerprint matches
setup-found-root = Root
setup-found-sudo = sudo
setup-found-clock = Clock { $seconds } s off
setup-found-installed = Installed Docker { $version }
setup-found-engine = Docker { $version }
setup-found-socket = Docker reached directly
setup-found-stdio = Docker reached through its command, a little slower
setup-found-changed = Docker’s settings changed
setup-found-settings = Docker’s settings are right
setup-found-ports = Ports free: { $free }
setup-found-hardware = { $cores } cores, { $memory } memory, { $disk } disk
setup-found-loaded = Relay image streamed
setup-found-image = Relay image is there
setup-found-trial = Test relay runs on port { $port }
setup-found-outside = TCP and UDP answer from outside
setup-problem-unreachable = SSH of <b>{ $server }</b> doesn’t answer. Check address and port, and allow the SSH port in the provider’s firewall.
setup-problem-host-key = The host fingerprint of <b>{ $server }</b> changed. If it was reinstalled, compare the new one with <code>/server_edit { $server } key scan</code>; if not, somebody may be posing as it.
setup-problem-auth = <b>{ $server }</b> doesn’t accept our key. Run the line from /server_add on it again, as the same user.
setup-problem-forwarding = sshd of <b>{ $server }</b> forbids forwarding. Set <code>AllowStreamLocalForwarding yes</code> in sshd_config and restart sshd.
setup-problem-cut = The connection to <b>{ $server }</b> broke. Run <code>/server_setup { $server }</code> again; it goes on where it stopped.
setup-problem-archive = The relay image’s file can’t be read: { $said }. Check <code>relay.images</code> in the settings.
setup-problem-system = { $name } isn’t supported. Reinstall the server with Debian 12 or Ubuntu 24.04.
setup-problem-architecture = There is no relay image for { $name }. Use an amd64 or arm64 server.
setup-problem-privilege = User <code>{ $name }</code> is neither root nor may use sudo without a password. Use root, or set sudo up for it.
setup-problem-clock = The clock is { $seconds } s off. Run <code>apt install systemd-timesyncd</code> on the server.
setup-problem-install = Docker can’t be installed. Repair the package sources (apt-get update must pass), then run <code>/server_setup { $server }</code> again.
    <pre>{ $said }</pre>
setup-problem-engine = Docker doesn’t start.
    <pre>{ $said }</pre>
setup-problem-settings = <code>/etc/docker/daemon.json</code> isn’t valid JSON. Repair or remove it, then run <code>/server_setup { $server }</code> again.
setup-problem-flag = dockerd is started with <code>--userland-proxy=true</code>. Take that out.
setup-problem-restart = ⚠️ Docker must be restarted, which stops these for some seconds: { $name }. Tap “Run” to go on.
setup-problem-ports = None of the ports { $range } is free. Choose others with <code>/server_edit { $server } ports 30000-30999</code>.
setup-problem-image = The image’s file doesn’t hold { $name }. Check <code>relay.images</code> in the settings.
setup-problem-trial = The test relay doesn’t run.
    <pre>{ $said }</pre>
setup-problem-lost = This set-up was interrupted, and nobody works on it any more.
setup-problem-other = <b>{ $server }</b> didn’t do it: { $said }

## ops-usage
opsuse-servers = /servers
opsex-servers = /servers
opsuse-server-add = /server_add IP [PORT] [USER] REGION TYPE
opsex-server-add = /server_add 198.51.100.20 22 root tokyo ecs-yearly
opsuse-server-setup = /server_setup SERVER
opsex-server-setup = /server_setup tyo-3
opsuse-server-edit = /server_edit SERVER [FIELD VALUE]
opsex-server-edit = /server_edit tyo-3 traffic 2TB
opsuse-server-drain = /server_drain SERVER
opsex-server-drain = /server_drain tyo-3
opsuse-server-remove = /server_remove SERVER
opsex-server-remove = /server_remove tyo-3
opsuse-server-types = /server_types [add NAME yearly|hourly RATE] or [NAME FIELD VALUE]
opsex-server-types = /server_types ecs-hourly rate 0.108
opsuse-user = /user QUERY
opsex-user = /user lin@example.com
opsuse-history = /history CUSTOMER
opsex-history = /history lin
opsuse-renew = /renew CUSTOMER|RENTAL DATE [TIME]
opsex-renew = /renew lin 2026-12-24
opsuse-pause = /pause RENTAL
opsex-pause = /pause 102
opsuse-resume = /resume RENTAL
opsex-resume = /resume 102
opsuse-release = /release RENTAL
opsex-release = /release 102
opsuse-acl = /acl CUSTOMER [SERVER…|auto|off]
opsex-acl = /acl lin tyo-3 hkg-1
opsuse-ban = /ban CUSTOMER
opsex-ban = /ban lin
opsuse-unban = /unban CUSTOMER
opsex-unban = /unban lin
opsuse-serial-generate = /serial_generate PLAN|DAYS COUNT
opsex-serial-generate = /serial_generate 30 100
opsuse-serial = /serial SERIAL
opsex-serial = /serial 7KQ2M-X4D9T-0WHRE-5NB8V-C
opsuse-plans = /plans
opsex-plans = /plans
opsuse-bind = /bind CODE
opsex-bind = /bind 7KQ2-M4D9
opsuse-help = /help
opsex-help = /help
opsuse-jobs = /jobs
opsex-jobs = /jobs
opsuse-retry = /retry JOB
opsex-retry = /retry 4711
opsuse-audit = /audit [CUSTOMER|SERVER]
opsex-audit = /audit tyo-3

## buttons
btn-relays = My relays
btn-redeem = Redeem a serial
btn-buy = Buy a plan
btn-orders = Orders & balance
btn-acl = ACL config
btn-support = Support
btn-account = Account
btn-help = Help
btn-dist = Distributor
btn-back = ‹ Back
btn-home = Main menu
btn-cancel = Cancel
btn-confirm = Confirm
btn-lang-zh = 中文
btn-lang-en = English
btn-start-register = Register
btn-start-plain = Start
btn-code-resend = Resend code
btn-email-change = Change e-mail
btn-activate = Redeem
btn-not-now = Not now
btn-new-relay = New relay
btn-extend = Extend { $relay }
btn-test = Test relay
btn-test-again = Test again
btn-devices = Devices
btn-traffic = Traffic
btn-renew = Renew
btn-more = More
btn-broken = Can't connect?
btn-start-relay = Start
btn-stop-relay = Stop
btn-change-plan = Change plan
btn-change-region = Change region
btn-auto-renew-on = Auto-renew: on
btn-auto-renew-off = Auto-renew: off
btn-serials = Serials
btn-history = History
btn-networks = Allowed networks
btn-notes = Good to know
btn-acl-page = Copy on the web
btn-acl-file = Download JSON
btn-acl-headscale = headscale
btn-acl-auto = Auto-update
btn-acl-check = Check my policy
btn-acl-versions = Versions
btn-acl-undo = Undo this edit
btn-acl-updated = Updated
btn-copy-url = Copy URL
btn-copy-link = Copy link
btn-send-result = Send to operators
btn-rename = Rename
btn-block = Block
btn-unblock = Unblock
btn-remove = Remove
btn-free-slot = Remove old device
btn-topup-traffic = Add traffic
btn-topup = Top up
btn-upgrade = Upgrade plan
btn-pay = Pay
btn-paid = I have paid
btn-pay-missing = Pay { $missing }
btn-cancel-order = Cancel order
btn-pay-alipay = Alipay
btn-pay-wechat = WeChat Pay
btn-pay-usdt = USDT
btn-pay-stars = Telegram Stars
btn-pay-balance = Balance
btn-pay-manual = Bank transfer
btn-order-list = My orders
btn-my-codes = My serials
btn-send-friend = Send to a friend
btn-notify-stock = Tell me
btn-username = Username
btn-email = E-mail
btn-language = Language 语言
btn-zone = Time zone
btn-export = Export my data
btn-close-account = Close account
btn-apply-dist = Become distributor
btn-terms = Terms
btn-dist-link = Referral link
btn-dist-qr = Referral QR
btn-dist-orders = Commission
btn-dist-months = Statements
btn-dist-wholesale = Buy wholesale
btn-dist-stock = Stock
btn-dist-retail = Retail price
btn-dist-payout = Payout
btn-dist-rule = How I'm paid
btn-dist-all = Pay out all
btn-ops-ack = Acknowledge
btn-ops-failover = Fail over
btn-ops-mute = Mute 1 hour
btn-ops-resolve = Mark resolved
btn-ops-run = Run
btn-ops-fingerprint = Matches
btn-ops-open = Open the bot
btn-ops-approve = Approve
btn-ops-refuse = Refuse
btn-ops-resend = Send again
btn-page-back = ‹
btn-page-next = ›
btn-ops-newest = Newest
btn-ops-older = Older
btn-ops-retry-job = Retry { $job }
btn-ops-stop = Stop broadcast
btn-ops-unpark = Handle again
btn-ops-retry = Retry

## mail
mail-code-subject = { $code } is your { $shop } code
mail-code-text =
    Code: { $code }

    It works for { $minutes } minutes. Go back to Telegram and send it to the bot to finish registering.

    Not you? Ignore this mail; no account is made.

    { $shop }
mail-code-change-text =
    Code: { $code }

    It works for { $minutes } minutes. Go back to Telegram and send it to the bot to use this address for your account.

    Not you? Ignore this mail; nothing changes.

    { $shop }
mail-renewed-subject = { $relay } is renewed until { $new_end }
mail-renewed-text =
    Hello { $username },

    { $days ->
        [one] { $relay } was renewed for { $days } day.
       *[other] { $relay } was renewed for { $days } days.
    }

    Was: { $old_end }
    Now: { $new_end } ({ $left })

    Address, port and ACL config stay the same. There is nothing to do.

    { $shop }
mail-remind-7-subject = { $relay } ends { $end_date } ({ $left })
mail-remind-7-text =
    Hello { $username },

    { $relay } ends { $end } ({ $left }).

    { $days ->
        [one] Renew for { $days } day: { $price }.
       *[other] Renew for { $days } days: { $price }.
    } Address, port and ACL config stay the same.

    Renew: { $url }

    Already renewed? The end shown in Telegram is the right one.

    { $shop }
mail-remind-3-subject = { $relay }: { $left }, then it stops
mail-remind-3-text =
    Hello { $username },

    { $relay } ends { $end } ({ $left }).

    It then stops and is kept until { $kept_until }. Renew by then and it returns as it was; after that the address and port are released and a new relay needs a new ACL config.

    Renew: { $url }

    { $shop }
mail-remind-1-subject = { $relay } ends soon: { $end }
mail-remind-1-text =
    Hello { $username },

    { $relay } ends { $end } ({ $left }).

    It then stops and devices use your other relay or the official ones. Renew now and nothing is interrupted.

    Renew: { $url }

    Not renewing? There is nothing to do and nothing is charged.

    { $shop }
mail-expired-subject = { $relay } has ended and is kept until { $kept_until }
mail-expired-text =
    Hello { $username },

    { $relay } ended { $end } and is stopped.

    We keep it until { $kept_until }: renew by then and it returns with the same address and port; the ACL config stays.

    Renew: { $url }

    { $shop }

## bot
bot-about = Your own Tailscale DERP relay in about a minute. For Tailscale and headscale; buy, redeem and renew in the chat.
bot-description =
    Your own Tailscale DERP relay, in its own container, running in about a minute.

    • Buy a plan or redeem a serial in the chat
    • Paste one ACL config into the Tailscale admin console; headscale updates by URL
    • Test your relay any time; reminders 7, 3 and 1 days before the end
    • Dual-relay plans: if a server fails, devices switch to the other within seconds

    Tap Start and register by e-mail.
cmd-menu = Main menu
cmd-relays = My relays: state, end, traffic
cmd-redeem = Redeem a serial
cmd-buy = Buy a plan
cmd-acl = Get the ACL config
cmd-orders = Orders and balance
cmd-dist = Distributor panel
cmd-support = Contact support
cmd-paysupport = Payment and refund questions
cmd-lang = Change language 语言
cmd-help = How to use it
cmd-terms = Terms of service

## ops-commands
ops-help =
    <b>Commands</b>
    { $groups }
    Send a command without arguments to see its usage and an example.
ops-group-servers = Servers
ops-group-customers = Customers
ops-group-serials = Serials
ops-group-shop = Plans, orders, finance
ops-group-growth = Distributors and broadcasts
ops-group-system = System
opscmd-servers = Servers: state, load, traffic
opscmd-server-add = Add a server
opscmd-server-setup = Install Docker and put it in service
opscmd-server-edit = Change details, ports, traffic limit
opscmd-server-drain = Stop new rentals, optionally move the rest
opscmd-server-remove = Remove a server
opscmd-server-types = Server types and costs
opscmd-health = One server's health and charts
opscmd-traffic = Top traffic and limits
opscmd-failover = Fail over (dry run first)
opscmd-rebalance = Even out the load
opscmd-image-roll = Roll out a relay image
opscmd-user = Find a customer: e-mail, name, ID
opscmd-history = Everything about a customer
opscmd-renew = Renew to a date
opscmd-pause = Pause a rental, keep its days
opscmd-resume = Resume a rental
opscmd-release = Release a rental now
opscmd-acl = Show, resend or change a customer's ACL
opscmd-unbind = Unbind a serial, take back unused days
opscmd-compensate = Add days for a server or region
opscmd-ban = Suspend an account
opscmd-unban = Restore an account
opscmd-close = Close an account
opscmd-serial-generate = Make a batch of serials
opscmd-serial = Find a serial: state, owner, use
opscmd-serial-paid = Book a batch on account as paid
opscmd-plans = Plans
opscmd-plan-add = New plan
opscmd-plan-edit = Change a plan
opscmd-plan-hide = Take a plan off sale
opscmd-orders = A customer's orders
opscmd-order = One order: payments, notices, ledger
opscmd-refund = Refund
opscmd-finance = Revenue, costs, profit
opscmd-distributor-add = Add a distributor
opscmd-broadcast = Send an announcement
opscmd-help = The list of commands
opscmd-bind = Bind this group as the ops group
opscmd-alert-rule = Alert rules and silences
opscmd-jobs = Job queue
opscmd-retry = Retry a failed job
opscmd-audit = Audit records

## page
page-acl-title = ACL config, version { $version }
page-acl-how = Open Access controls in the Tailscale admin console, switch to the JSON editor, paste this right after the first <code>{"{"}</code> and save. If you have a <code>derpMap</code> already, merge only its <code>Regions</code>.
page-acl-copy = Copy
page-acl-copied = Copied
page-acl-secret = Treat this address like a password.
page-acl-missing = There is no such ACL config. Get a new link in the chat.
