//! Registration by a code, in both languages, with everything that goes wrong on the way.

use chrono::TimeDelta;
use derpshop::db::MIGRATOR;
use insta::assert_snapshot;
use lab::mail::Fault;
use lab::telegram::NewUser;
use sqlx::PgPool;

use super::{account_of, mailed, other_than, press, register, reply, say};
use crate::harness::world::World;

#[sqlx::test(migrator = "MIGRATOR")]
async fn somebody_registers_in_chinese(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    world.drain_until_idle().await;
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, "lin at example.com").await;
    say(&world, &lin, "lin@example.com").await;
    let digits = mailed(&world, "lin@example.com").await;
    say(&world, &lin, other_than(&digits)).await;
    let spaced = digits.chars().map(String::from).collect::<Vec<_>>().join(" ");
    say(&world, &lin, &spaced).await;
    let talk = lin.transcript().replace(&spaced, "4 8 2 9 1 1").replace(other_than(&digits), "000000");
    assert_snapshot!(talk, @r"
    lin: /start

    bot (edited): 把你的邮箱发给我。到期提醒和续费通知也会发到这里。
    [取消]

    lin: lin at example.com

    bot: lin at example.com 不是有效的邮箱地址。检查一下再发一次，例如 name@example.com。
    [取消]

    lin: lin@example.com

    bot: 验证码已发到 lin@example.com，10 分钟内有效，把 6 位数字发给我。
    没收到先看垃圾邮件，60 秒后可重发。
    [重发验证码] [换个邮箱]

    lin: 000000

    bot: 验证码不对，还可以试 4 次。
    [重发验证码] [换个邮箱]

    lin: 4 8 2 9 1 1

    bot: ✅ 注册完成，邮箱 lin@example.com 已验证。

    bot: DERP 中继站

    你还没有中继。有序列号就点「激活序列号」，约 1 分钟开通。
    [我的中继] [激活序列号] / [ACL 配置] [账户] / [帮助]
    ");
    let user = account_of(&world, &lin).await;
    assert!(user.is_registered() && user.username.as_str() == "xiaolin");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn somebody_registers_in_english(pool: PgPool) {
    let world = World::start(pool).await;
    let sam = NewUser { key: "sam", name: "Sam Lee", username: "", language: "en" };
    let sam = world.telegram.add_user(&sam);
    sam.start("");
    world.drain_until_idle().await;
    press(&world, &sam, "Register").await;
    say(&world, &sam, "<b>sam</b>@example").await;
    say(&world, &sam, "sam@Example.com").await;
    let digits = mailed(&world, "sam@example.com").await;
    say(&world, &sam, "where is it").await;
    say(&world, &sam, other_than(&digits)).await;
    say(&world, &sam, &digits).await;
    let talk = sam.transcript().replace(&digits, "482911").replace(other_than(&digits), "000000");
    assert_snapshot!(talk, @r"
    sam: /start

    bot (edited): Send me an e-mail address. Reminders and renewal receipts go there too.
    [Cancel]

    sam: <b>sam</b>@example

    bot: <b>sam</b>@example isn't a valid e-mail address. Check it and send it again, for example name@example.com.
    [Cancel]

    sam: sam@Example.com

    bot: A code went to sam@example.com. It works for 10 minutes; send me the 6 digits.
    Nothing there? Check spam; you can resend in 60 s.
    [Resend code] [Change e-mail]

    sam: where is it

    bot: The code is the 6 digits in the mail; send them to me. Nothing there? Use the buttons below.
    [Resend code] [Change e-mail]

    sam: 000000

    bot: Wrong code. 4 tries left.
    [Resend code] [Change e-mail]

    sam: 482911

    bot: ✅ You're registered. sam@example.com is verified.

    bot: DERP Relays

    You have no relay yet. Have a serial? Tap “Redeem a serial”; it takes about a minute.
    [My relays] [Redeem a serial] / [ACL config] [Account] / [Help]
    ");
    assert_eq!(account_of(&world, &sam).await.username.as_str(), "Sam_Lee");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_mail_says_the_same_in_words_and_in_html(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, "lin@example.com").await;
    let mail = world.mail.wait_for("lin@example.com").await;
    let digits = mail.digits(6).unwrap();
    assert_eq!(mail.subject, format!("{digits} 是你的 DERP 中继站 验证码"));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("List-Unsubscribe"), "");
    assert_eq!(mail.header("From"), "DERP Relays <shop@example.org>");
    assert_snapshot!(mail.text.replace(&digits, "482911"), @r"
    验证码：482911

    10 分钟内有效。回到 Telegram，把它发给机器人即可完成注册。

    不是你本人操作？忽略这封邮件，不会创建账户。

    DERP 中继站
    ");
    assert!(mail.html.contains(&format!(">{digits}</span>")) && mail.html.contains("lang=\"zh-CN\""));
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn codes_are_resent_late_and_replaced(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, "lin@example.com").await;
    let first = mailed(&world, "lin@example.com").await;
    press(&world, &lin, "重发验证码").await;
    assert_snapshot!(reply(&lin), @r"
    60 秒后可以重发。上一个验证码仍然有效。
    [重发验证码] [换个邮箱]
    ");
    world.fixture.clock.advance(TimeDelta::seconds(60));
    press(&world, &lin, "重发验证码").await;
    assert_snapshot!(reply(&lin), @r"
    验证码已发到 lin@example.com，10 分钟内有效，把 6 位数字发给我。
    没收到先看垃圾邮件，60 秒后可重发。
    [重发验证码] [换个邮箱]
    ");
    let second = mailed(&world, "lin@example.com").await;
    if first != second {
        say(&world, &lin, &first).await;
        assert_snapshot!(reply(&lin), @r"
        验证码不对，还可以试 4 次。
        [重发验证码] [换个邮箱]
        ");
    }
    world.fixture.clock.advance(TimeDelta::minutes(10));
    say(&world, &lin, &second).await;
    assert_snapshot!(reply(&lin), @r"
    这个验证码已失效。点「重发验证码」获取新的。
    [重发验证码] [换个邮箱]
    ");
    press(&world, &lin, "重发验证码").await;
    let third = mailed(&world, "lin@example.com").await;
    say(&world, &lin, &third).await;
    assert_snapshot!(reply(&lin), @r"
    ✅ 注册完成，邮箱 lin@example.com 已验证。

    DERP 中继站

    你还没有中继。有序列号就点「激活序列号」，约 1 分钟开通。
    [我的中继] [激活序列号] / [ACL 配置] [账户] / [帮助]
    ");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn too_many_codes_in_an_hour_are_refused(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, "lin@example.com").await;
    for _ in 0..4 {
        world.fixture.clock.advance(TimeDelta::minutes(1));
        press(&world, &lin, "重发验证码").await;
    }
    world.fixture.clock.advance(TimeDelta::minutes(1));
    press(&world, &lin, "重发验证码").await;
    assert_snapshot!(reply(&lin), @r"
    这一小时验证码发得太多了，2026-11-24 11:30 (UTC+8) 后可以再发。上一个验证码在有效期内仍可使用。
    [重发验证码] [换个邮箱]
    ");
    assert_eq!(world.mail.to("lin@example.com").len(), 5);
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_address_of_another_chat_is_refused_after_its_code(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    world.fixture.clock.advance(TimeDelta::minutes(2));
    let wu = NewUser { key: "wu", name: "小吴", username: "", language: "zh-hans" };
    let wu = world.telegram.add_user(&wu);
    wu.start("");
    press(&world, &wu, "开始注册").await;
    say(&world, &wu, "lin@example.com").await;
    let before = reply(&wu);
    assert!(before.contains("验证码已发到 lin@example.com"), "{before}");
    let digits = mailed(&world, "lin@example.com").await;
    say(&world, &wu, &digits).await;
    assert_snapshot!(reply(&wu), @r"
    这个邮箱已绑定另一个 Telegram 账户。换一个邮箱，或用原来的账户登录；两个都不行就联系客服。
    [取消]
    ");
    world.fixture.clock.advance(TimeDelta::minutes(2));
    say(&world, &wu, "wu@example.com").await;
    let digits = mailed(&world, "wu@example.com").await;
    say(&world, &wu, &digits).await;
    assert!(account_of(&world, &wu).await.is_registered());
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_address_that_takes_no_mail_is_told_and_replaced(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    world.mail.refuse("gone@example.com", Fault::NoSuchUser);
    lin.start("");
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, "gone@example.com").await;
    assert_snapshot!(reply(&lin), @r"
    验证码已发到 gone@example.com，10 分钟内有效，把 6 位数字发给我。
    没收到先看垃圾邮件，60 秒后可重发。
    [重发验证码] [换个邮箱]

    邮件没能送到 gone@example.com：收件地址不存在或已停用。
    换一个邮箱，或稍后重发。
    [重发验证码] [换个邮箱]
    ");
    world.fixture.clock.advance(TimeDelta::minutes(1));
    press(&world, &lin, "换个邮箱").await;
    say(&world, &lin, "lin@example.com").await;
    let digits = mailed(&world, "lin@example.com").await;
    say(&world, &lin, &digits).await;
    assert!(account_of(&world, &lin).await.is_registered());
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_mail_server_that_hesitates_is_asked_again(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "开始注册").await;
    world.mail.fail_next(1, Fault::Drop);
    say(&world, &lin, "lin@example.com").await;
    let digits = mailed(&world, "lin@example.com").await;
    say(&world, &lin, &digits).await;
    assert!(account_of(&world, &lin).await.is_registered());
    assert_eq!(world.mail.to("lin@example.com").len(), 1);
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_restart_in_the_middle_loses_nothing(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "开始注册").await;
    let world = world.restart().await;
    say(&world, &lin, "lin@example.com").await;
    let digits = mailed(&world, "lin@example.com").await;
    let world = world.restart().await;
    say(&world, &lin, &digits).await;
    assert!(account_of(&world, &lin).await.is_registered());
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn digits_that_were_right_before_a_crash_lead_to_the_same_end(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    lin.start("");
    press(&world, &lin, "开始注册").await;
    say(&world, &lin, "lin@example.com").await;
    let digits = mailed(&world, "lin@example.com").await;
    // The code is used, and then the process ends before it can say so.
    let user = account_of(&world, &lin).await;
    let right = derpshop::account::CodeDigits::read(&digits).unwrap();
    derpshop::app::register::answer_code(&world.fixture.app, user.id, &right).await.unwrap();
    say(&world, &lin, &digits).await;
    let said = reply(&lin);
    assert!(said.contains("注册完成") && said.contains("你还没有中继"), "{said}");
    world.finish().await;
}
