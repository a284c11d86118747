//! Ways in, ways around, and ways that lead nowhere.

use derpshop::account::store;
use derpshop::account::{AdminActor, Role};
use derpshop::app::people::{grant, kept_payload};
use derpshop::clock::Clock as _;
use derpshop::db::MIGRATOR;
use derpshop::notify::{Action, Button, Messenger as _, Outgoing};
use derpshop::types::ChatId;
use insta::assert_snapshot;
use lab::telegram::{ChatKind, NewUser, Standing};
use sqlx::PgPool;

use super::{account_of, mailed, press, register, reply, say};
use crate::harness::shop;
use crate::harness::world::{Setup, World};

/// A code that is right in itself but was never sold.
const UNSOLD: &str = "r_00000000000000000000";

fn unsold() -> String {
    let body = UNSOLD.strip_prefix("r_").unwrap();
    let alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let codes = alphabet.chars().map(|check| format!("{body}{check}"));
    codes.into_iter().find(|code| derpshop::serial::SerialCode::parse(code).is_ok()).unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_links_payload_survives_registration(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start(&format!("r_{}", unsold()));
    world.drain_until_idle().await;
    assert!(reply(&lin).contains("先用邮箱注册"), "{}", reply(&lin));
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, "lin@example.com").await;
    let world = world.restart().await;
    let digits = mailed(&world, "lin@example.com").await;
    say(&world, &lin, &digits).await;
    assert_snapshot!(reply(&lin), @r"
    ✅ 注册完成，邮箱 lin@example.com 已验证。

    没有这个序列号。核对一下再发，或向卖家确认。
    本小时还可以试 9 次。
    [主菜单]
    ");
    let user = account_of(&world, &lin).await;
    assert_eq!(kept_payload(&world.fixture.app, user.id).await.unwrap(), None, "it was taken up");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_serial_typed_before_registration_waits(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, &format!("我的序列号：{}", unsold())).await;
    assert_snapshot!(reply(&lin), @r"
    序列号已收到，注册完成后接着激活。

    把你的邮箱发给我。到期提醒和续费通知也会发到这里。
    [取消]
    ");
    say(&world, &lin, "lin@example.com").await;
    let digits = mailed(&world, "lin@example.com").await;
    say(&world, &lin, &digits).await;
    assert!(reply(&lin).contains("没有这个序列号"), "{}", reply(&lin));
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_link_changes_nothing_for_who_is_registered(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    lin.start("d_7KQ2M");
    world.drain_until_idle().await;
    assert_snapshot!(reply(&lin), @r"
    你已有账户，推广关系以首次为准，这个链接不会改变任何东西。

    DERP 中继站

    你还没有中继。有序列号就点「激活序列号」，约 1 分钟开通。
    [我的中继] [激活序列号] / [ACL 配置] [账户] / [帮助]
    ");
    lin.start("");
    world.drain_until_idle().await;
    assert!(reply(&lin).contains("你还没有中继"), "{}", reply(&lin));
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn without_mail_there_is_nothing_to_prove(pool: PgPool) {
    let mut silent = shop();
    silent.mail = false;
    silent.terms_url = Some("https://shop.example/terms?a&b".to_owned());
    let world = World::with(pool, Setup { shop: silent, ..Setup::default() }).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    world.drain_until_idle().await;
    assert_snapshot!(reply(&lin), @r"
    DERP 中继站：你自己的 Tailscale DERP 中继，开通约 1 分钟。

    独立容器，不与他人共用；Tailscale 和 headscale 都能用。

    点「开始使用」即可，不用注册。继续即表示同意服务条款。
    [开始使用] [English]
    ");
    assert!(lin.last_message().html.contains(r#"<a href="https://shop.example/terms?a&amp;b">"#));
    press(&world, &lin, "开始使用").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) DERP 中继站

    你还没有中继。有序列号就点「激活序列号」，约 1 分钟开通。
    [我的中继] [激活序列号] / [ACL 配置] [账户] / [帮助]
    ");
    press(&world, &lin, "账户").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 账户
    用户名：xiaolin
    邮箱：未绑定
    语言：中文
    时区：Asia/Shanghai (UTC+8)
    [用户名] / [语言 Language] [时区] / [历史记录] / [主菜单]
    ");
    say(&world, &lin, "/terms").await;
    assert_snapshot!(reply(&lin), @r"
    服务条款：https://shop.example/terms?a&b
    [‹ 返回] [主菜单]
    ");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_language_can_be_chosen_before_anything_else(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "English").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) DERP Relays: your own Tailscale DERP relay, running in about a minute.

    One container, yours alone. Works with Tailscale and headscale.

    Register by e-mail first: we send a 6-digit code, no password needed. By continuing you accept the terms (/terms).
    [Register] [中文]
    ");
    press(&world, &lin, "Register").await;
    press(&world, &lin, "Cancel").await;
    assert!(reply(&lin).contains("By continuing you accept"), "{}", reply(&lin));
    say(&world, &lin, "/lang").await;
    press(&world, &lin, "中文").await;
    assert!(reply(&lin).contains("先用邮箱注册"), "{}", reply(&lin));
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn help_terms_and_notes_lead_back(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    press(&world, &lin, "帮助").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 帮助
    三步用起来：
    1. 激活序列号，选地区，约 1 分钟开通。
    2. 把 ACL 配置粘贴到 Tailscale 控制台，或把 URL 加进 headscale。
    3. 执行 tailscale netcheck，看到你的地区就成功了。
    连不上？打开中继，点「连不上？」。
    [headscale 用法] [连不上？] / [使用须知] [服务条款] / [主菜单]
    ");
    press(&world, &lin, "使用须知").await;
    assert!(reply(&lin).contains("客户端需 Tailscale 1.84"), "{}", reply(&lin));
    press(&world, &lin, "‹ 返回").await;
    press(&world, &lin, "服务条款").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 服务条款
    1. 我们提供的是 Tailscale DERP 中继：按套餐的天数、流量和设备数使用。中继帮设备建立连接并转发加密流量，我们看不到内容。
    2. 时间从中继启动时开始计。到期后中继停止，地址和端口保留 3 天，期间续费可原样恢复。
    3. 序列号谁先激活归谁，激活后即为已使用。请像现金一样保管。
    4. 不得用于违法用途、攻击他人或转售中继流量。违反的账户会被停用，不影响其他人。
    5. 我们保存：Telegram 编号、邮箱、序列号与租赁记录、设备的公钥和来源地址、流量统计。用于提供服务、计量和排查故障，不卖给任何人。
    6. 故障时我们换服务器，剩余时间不受影响。不承担中继停止造成的间接损失；重要连接请选双中继套餐，并保留官方中继。
    7. 条款有变会在这里更新。
    [‹ 返回] [主菜单]
    ");
    press(&world, &lin, "主菜单").await;
    assert!(reply(&lin).contains("你还没有中继"), "{}", reply(&lin));
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_menu_tells_how_many_relays_run_and_what_ends_next(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    let user = account_of(&world, &lin).await;
    let pool = &world.fixture.app.pool;
    let plan = r#"insert into plans (tenant_id, name, title, valid_days, device_limit)
                  values (1, 'p', '{"zh-CN": "x", "en": "x"}', 30, 10)"#;
    sqlx::query(plan).execute(pool).await.unwrap();
    let rental =
        "insert into rentals (tenant_id, user_id, tailnet_id, plan_id, region, device_limit, redundancy,
                    waiting_days, created_at, updated_at)
                  select 1, t.user_id, t.id, p.id, 'tokyo', 10, 1, 30, now(), now() from tailnets t, plans p
                  where t.user_id = $1";
    sqlx::query(rental).bind(user.id.0).execute(pool).await.unwrap();
    say(&world, &lin, "/menu").await;
    assert_snapshot!(reply(&lin), @r"
    DERP 中继站

    中继开通中，好了会通知你。
    [我的中继] [激活序列号] / [ACL 配置] [账户] / [帮助]
    ");
    let begun =
        "update rentals set status = 'active', waiting_days = 0, start_date = '2026-11-20', end_date = $1";
    let end = world.fixture.clock.now() + chrono::TimeDelta::days(27);
    sqlx::query(begun).bind(end).execute(pool).await.unwrap();
    say(&world, &lin, "/menu").await;
    assert_snapshot!(reply(&lin), @r"
    DERP 中继站

    中继：0 个运行中
    最近到期：2026-12-21 10:30 (UTC+8)（还剩 27 天）
    [我的中继] [激活序列号] / [ACL 配置] [账户] / [帮助]
    ");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_not_understood_is_answered(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    say(&world, &lin, "在吗").await;
    assert!(reply(&lin).contains("先用邮箱注册"), "{}", reply(&lin));
    say(&world, &lin, "/relays").await;
    assert!(reply(&lin).contains("先用邮箱注册"), "{}", reply(&lin));
    register(&world, &lin, "lin@example.com").await;
    say(&world, &lin, "在吗").await;
    assert_snapshot!(reply(&lin), @r"
    没看懂这条消息。想激活序列号就直接把它发来，其他请从菜单选择。
    [主菜单]
    ");
    say(&world, &lin, "/nothing").await;
    assert!(reply(&lin).contains("没看懂"), "{}", reply(&lin));
    lin.send_document("a.txt", "text/plain", "hello", "");
    world.drain_until_idle().await;
    assert!(reply(&lin).contains("没看懂"), "{}", reply(&lin));
    let button = Button { label: "Old".into(), action: Action::Press("buy_12".into()) };
    let old = Outgoing::text("x").keyboard(vec![vec![button]]);
    world.client().send(ChatId(lin.chat).into(), &old).await.unwrap();
    let answer = lin.press("Old").await.answer().await;
    world.drain_until_idle().await;
    assert!(answer.text.contains("已失效"), "{answer:?}");
    assert!(reply(&lin).contains("你还没有中继"), "{}", reply(&lin));
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn private_things_stay_private_and_those_of_the_group_in_it(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    let group = world.telegram.add_group("朋友", ChatKind::Supergroup, "lin", Standing::Member);
    let member = group.member("lin");
    say(&world, &member, "/relays").await;
    assert_snapshot!(reply(&member), @"这里是群聊。私聊我，才能查看你的中继和订单。");
    let user = account_of(&world, &lin).await;
    grant(&world.fixture.app, &AdminActor::at_console(), user.id, Role::Admin).await.unwrap();
    say(&world, &lin, "/servers").await;
    assert_snapshot!(reply(&lin), @"这条命令只能在运维群里用。");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn who_is_suspended_is_told_once(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    let user = account_of(&world, &lin).await;
    let (app, admin) = (&world.fixture.app, AdminActor::at_console());
    store::ban(&app.pool, app.tenant, user.id, &admin).await.unwrap();
    say(&world, &lin, "/menu").await;
    assert!(reply(&lin).contains(&format!("这个账户已被停用。如有疑问，请联系客服并附上编号 {}", user.id)));
    for words in ["/menu", "?", "/start"] {
        say(&world, &lin, words).await;
        assert_eq!(reply(&lin), "");
    }
    store::unban(&app.pool, app.tenant, user.id, &admin).await.unwrap();
    say(&world, &lin, "?").await;
    assert!(reply(&lin).contains("没看懂"), "{}", reply(&lin));
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_fault_of_ours_has_a_reference(pool: PgPool) {
    let world = World::start(pool).await;
    let wu = NewUser { key: "wu", name: "Wu", username: "", language: "en" };
    let wu = world.telegram.add_user(&wu);
    say(&world, &wu, "/start").await;
    sqlx::query("update users set time_zone = 'Nowhere'").execute(&world.fixture.app.pool).await.unwrap();
    say(&world, &wu, "/start").await;
    let said = reply(&wu);
    let (_, reference) = said.split_once("send U").unwrap_or_else(|| panic!("{said}"));
    assert!(reference.starts_with(|c: char| c.is_ascii_digit()), "{said}");
    world.finish().await;
}
