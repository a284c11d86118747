//! `admin seed`.

use crate::account::AdminActor;
use crate::app::admin::plans;
use crate::base::Base;
use crate::i18n::{Texts, args, t};
use crate::types::{Lang, Redundancy, Title};

pub(super) async fn seed(base: &Base, operator: &AdminActor) -> anyhow::Result<()> {
    let texts = Texts::load();
    let title = |days: u32, redundancy| {
        let id = match redundancy {
            Redundancy::Single => t("plan-title"),
            Redundancy::Dual => t("plan-title-dual"),
        };
        let text = |lang| texts.lang(lang).plain(id, &args().number("days", days));
        Title { zh_cn: text(Lang::ZhCn), en: text(Lang::En) }
    };
    match plans::seed(&base.app, operator, title).await? {
        0 => println!("This shop has plans; nothing was changed."),
        made => println!("Made {made} plans; /plans shows them."),
    }
    Ok(())
}
