//! The mail server, as lettre speaks to it.

use lab::mail::{Fault, Mailbox, Options};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox as Address, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

type Sender = AsyncSmtpTransport<Tokio1Executor>;

fn sender(mailbox: &Mailbox) -> Sender {
    let address = mailbox.address();
    Sender::builder_dangerous(address.ip().to_string()).port(address.port()).build()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn letter(to: &str, subject: &str, text: &str) -> Message {
    Message::builder()
        .from(address("DERP 中继站 <no-reply@shop.example>"))
        .to(address(to))
        .subject(subject)
        .multipart(
            MultiPart::mixed()
                .multipart(MultiPart::alternative_plain_html(text.to_owned(), format!("<b>{text}</b>")))
                .singlepart(
                    Attachment::new("账单.csv".into()).body("a,b".to_owned(), ContentType::TEXT_PLAIN),
                ),
        )
        .unwrap()
}

#[tokio::test]
async fn mails_come_out_as_they_are_read() {
    let mailbox = Mailbox::start(Options::default()).await;
    let text = "验证码：482917，10 分钟内有效。\n.前面有点\n".repeat(3);
    sender(&mailbox).send(letter("Lin@Example.com", "482917 是你的验证码", &text)).await.unwrap();
    let mail = mailbox.wait_for("lin@example.com").await;
    assert_eq!(mail.subject, "482917 是你的验证码");
    assert_eq!(mail.text.trim_end(), text.trim_end());
    assert!(mail.html.contains("<b>验证码"));
    assert_eq!(mail.digits(6).as_deref(), Some("482917"));
    assert_eq!(mail.from, "no-reply@shop.example");
    assert_eq!(mail.header("FROM"), "DERP 中继站 <no-reply@shop.example>");
    assert_eq!(
        (mail.attachments[0].name.as_str(), mail.attachments[0].bytes.as_slice()),
        ("账单.csv", &b"a,b"[..])
    );

    let second = letter("lin@example.com", "第二封", "二");
    sender(&mailbox).send(second).await.unwrap();
    assert_eq!(mailbox.wait_for("lin@example.com").await.subject, "第二封", "each mail is given out once");
    assert_eq!(mailbox.to("lin@example.com").len(), 2);
}

#[tokio::test]
async fn refusals_come_as_asked() {
    let mailbox = Mailbox::start(Options::default()).await;
    mailbox.refuse("gone@example.com", Fault::NoSuchUser);
    let error = sender(&mailbox).send(letter("gone@example.com", "x", "x")).await.unwrap_err();
    assert!(error.is_permanent(), "{error}");
    mailbox.refuse("busy@example.com", Fault::TryLater);
    let error = sender(&mailbox).send(letter("busy@example.com", "x", "x")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    mailbox.refuse("cut@example.com", Fault::Drop);
    let error = sender(&mailbox).send(letter("cut@example.com", "x", "x")).await.unwrap_err();
    assert!(!error.is_transient() && !error.is_permanent(), "{error}");
    sender(&mailbox).send(letter("lin@example.com", "x", "x")).await.unwrap();
    assert_eq!(mailbox.all().len(), 1);
    mailbox.heal();
    sender(&mailbox).send(letter("gone@example.com", "x", "x")).await.unwrap();
}

#[tokio::test]
async fn a_login_is_checked() {
    let login = Some(("shop".to_owned(), "pässword".to_owned()));
    let mailbox = Mailbox::start(Options { login, ..Options::default() }).await;
    let address = mailbox.address();
    let with = |password: &str| {
        Sender::builder_dangerous(address.ip().to_string())
            .port(address.port())
            .credentials(Credentials::new("shop".into(), password.into()))
            .build()
    };
    assert!(sender(&mailbox).send(letter("lin@example.com", "x", "x")).await.unwrap_err().is_permanent());
    assert!(with("wrong").send(letter("lin@example.com", "x", "x")).await.unwrap_err().is_permanent());
    with("pässword").send(letter("lin@example.com", "x", "x")).await.unwrap();
    mailbox.fail_next(1, Fault::BadLogin);
    assert!(with("pässword").send(letter("lin@example.com", "x", "x")).await.is_err());
}

#[tokio::test]
async fn a_mail_without_a_plain_part_has_no_text() {
    let mailbox = Mailbox::start(Options::default()).await;
    let mail = Message::builder()
        .from(address("no-reply@shop.example"))
        .to(address("lin@example.com"))
        .subject("only html")
        .singlepart(SinglePart::html("<p>hello</p>".to_owned()))
        .unwrap();
    sender(&mailbox).send(mail).await.unwrap();
    let mail = mailbox.wait_for("lin@example.com").await;
    assert_eq!((mail.text.as_str(), mail.html.trim_end()), ("", "<p>hello</p>"));
}
