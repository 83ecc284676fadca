//! Every scoring model of the guide is one.

use sspp_core::ScoringModel;

use crate::pages;

#[test]
fn every_model_of_the_guide_loads() {
    let mut models = 0;
    for page in pages::all() {
        for block in page.marked("toml").filter(|block| block.file().is_some()) {
            let model = ScoringModel::from_toml(block.code);
            assert!(model.is_ok(), "{}: {}", page.name, model.unwrap_err());
            models += 1;
        }
    }
    assert!(models >= 3, "{models}");
}
