//! The account: address, name, language, zone, history.

use chrono::TimeDelta;
use derpshop::db::MIGRATOR;
use insta::assert_snapshot;
use lab::telegram::NewUser;
use sqlx::PgPool;

use super::{account_of, mailed, press, register, reply, say};
use crate::harness::world::World;

#[sqlx::test(migrator = "MIGRATOR")]
async fn another_address_is_proved_like_the_first(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    world.fixture.clock.advance(TimeDelta::minutes(2));
    press(&world, &lin, "账户").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 账户
    用户名：xiaolin
    邮箱：lin@example.com
    语言：中文
    时区：Asia/Shanghai (UTC+8)
    [用户名] [邮箱] / [语言 Language] [时区] / [历史记录] / [主菜单]
    ");
    press(&world, &lin, "邮箱").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 把你的邮箱发给我。到期提醒和续费通知也会发到这里。
    [取消]
    ");
    say(&world, &lin, "LIN@example.com").await;
    assert_snapshot!(reply(&lin), @r"
    lin@example.com 已经是你的邮箱，不用验证。

    账户
    用户名：xiaolin
    邮箱：lin@example.com
    语言：中文
    时区：Asia/Shanghai (UTC+8)
    [用户名] [邮箱] / [语言 Language] [时区] / [历史记录] / [主菜单]
    ");
    press(&world, &lin, "邮箱").await;
    say(&world, &lin, "new@example.com").await;
    assert_snapshot!(reply(&lin), @r"
    验证码已发到 new@example.com，10 分钟内有效，把 6 位数字发给我。
    没收到先看垃圾邮件，60 秒后可重发。
    [重发验证码] [换个邮箱] / [取消]
    ");
    let digits = mailed(&world, "new@example.com").await;
    assert_eq!(
        account_of(&world, &lin).await.email.unwrap().as_str(),
        "lin@example.com",
        "not before the digits"
    );
    say(&world, &lin, &digits).await;
    assert_snapshot!(reply(&lin), @r"
    ✅ 邮箱已换成 new@example.com。提醒和续费通知会发到这里。

    账户
    用户名：xiaolin
    邮箱：new@example.com
    语言：中文
    时区：Asia/Shanghai (UTC+8)
    [用户名] [邮箱] / [语言 Language] [时区] / [历史记录] / [主菜单]
    ");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn name_language_and_zone_are_changed(pool: PgPool) {
    let world = World::start(pool).await;
    let wu = NewUser { key: "wu", name: "小吴", username: "", language: "zh-hans" };
    let wu = world.telegram.add_user(&wu);
    register(&world, &wu, "wu@example.com").await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    press(&world, &lin, "账户").await;
    press(&world, &lin, "用户名").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 发送新的用户名：2 到 32 个字，可用文字、数字和 _ - .，以文字开头。
    [取消]
    ");
    say(&world, &lin, "林 <伟>").await;
    assert_snapshot!(reply(&lin), @r"
    林 <伟> 不能用作用户名：2 到 32 个字，可用文字、数字和 _ - .，以文字开头。
    [取消]
    ");
    say(&world, &lin, "小吴").await;
    assert_snapshot!(reply(&lin), @r"
    小吴 已有人使用。换一个再发。
    [取消]
    ");
    say(&world, &lin, "林伟").await;
    assert_snapshot!(reply(&lin), @r"
    账户
    用户名：林伟
    邮箱：lin@example.com
    语言：中文
    时区：Asia/Shanghai (UTC+8)
    [用户名] [邮箱] / [语言 Language] [时区] / [历史记录] / [主菜单]
    ");
    press(&world, &lin, "时区").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 发送城市或时区名，例如 Asia/Shanghai。所有时间按这个时区显示，提醒在 9:00 到 21:00 之间发送。
    [北京、上海 UTC+8] [香港 UTC+8] / [台北 UTC+8] [新加坡 UTC+8] / [东京 UTC+9] [首尔 UTC+9] / [迪拜 UTC+4] [伦敦 UTC] / [柏林 UTC+1] [纽约 UTC-5] / [洛杉矶 UTC-8] [悉尼 UTC+11] / [取消]
    ");
    say(&world, &lin, "没有这里").await;
    assert_snapshot!(reply(&lin), @r"
    没有找到「没有这里」。换一个城市的英文名，或发送与 UTC 的时差，例如 +8。
    [取消]
    ");
    say(&world, &lin, "+5:30").await;
    assert_snapshot!(reply(&lin), @r"
    是哪一个？
    [Calcutta UTC+5:30] [Colombo UTC+5:30] / [Kolkata UTC+5:30] / [取消]
    ");
    press(&world, &lin, "Kolkata UTC+5:30").await;
    assert!(reply(&lin).contains("Asia/Kolkata (UTC+5:30)"), "{}", reply(&lin));
    press(&world, &lin, "时区").await;
    say(&world, &lin, "东京").await;
    assert!(reply(&lin).contains("Asia/Tokyo (UTC+9)"), "{}", reply(&lin));
    press(&world, &lin, "语言 Language").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) 语言 Language
    [中文] [English] / [‹ 返回] [主菜单]
    ");
    press(&world, &lin, "English").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) Account
    Username: 林伟
    E-mail: lin@example.com
    Language: English
    Time zone: Asia/Tokyo (UTC+9)
    [Username] [E-mail] / [Language 语言] [Time zone] / [History] / [Main menu]
    ");
    press(&world, &lin, "History").await;
    assert_snapshot!(reply(&lin), @r"
    (edited) History
    2026-11-24 11:30 (UTC+9) · Changed the username
    2026-11-24 11:30 (UTC+9) · Registered
    2026-11-24 11:30 (UTC+9) · Logged in
    [‹ Back] [Main menu]
    ");
    world.finish().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_command_or_a_button_ends_what_was_waited_for(pool: PgPool) {
    let world = World::start(pool).await;
    let lin = world.telegram.user("lin");
    register(&world, &lin, "lin@example.com").await;
    press(&world, &lin, "账户").await;
    press(&world, &lin, "用户名").await;
    say(&world, &lin, "/menu").await;
    say(&world, &lin, "wei").await;
    assert_snapshot!(reply(&lin), @r"
    没看懂这条消息。想激活序列号就直接把它发来，其他请从菜单选择。
    [主菜单]
    ");
    press(&world, &lin, "主菜单").await;
    press(&world, &lin, "账户").await;
    press(&world, &lin, "用户名").await;
    press(&world, &lin, "取消").await;
    assert!(reply(&lin).contains("用户名：xiaolin"), "{}", reply(&lin));
    say(&world, &lin, "wei").await;
    assert_eq!(account_of(&world, &lin).await.username.as_str(), "xiaolin");
    world.finish().await;
}
