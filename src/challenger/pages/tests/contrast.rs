//! Whether the colours can be told apart, light and dark: WCAG 2.2, level AA.

use std::collections::BTreeMap;

use regex::Regex;

use super::STYLE;

/// Of text (success criterion 1.4.3).
const TEXT: f64 = 4.5;
/// Of the edge of a field (success criterion 1.4.11).
const EDGE: f64 = 3.0;

type Colours = BTreeMap<String, String>;

/// The colours of the light and of the dark scheme.
fn schemes() -> [Colours; 2] {
    let block = Regex::new(r":root \{([^}]*)\}").unwrap();
    let colour = Regex::new("--([a-z-]+): (#[0-9a-f]{6});").unwrap();
    let found: Vec<Colours> = block
        .captures_iter(STYLE)
        .map(|block| {
            let colours = colour.captures_iter(block.get(1).unwrap().as_str());
            colours
                .map(|found| (found[1].to_owned(), found[2].to_owned()))
                .collect()
        })
        .collect();
    found.try_into().unwrap()
}

/// Relative luminance.
fn luminance(colour: &str) -> f64 {
    let part = |place: usize, weight: f64| {
        let value = u8::from_str_radix(&colour[place..place + 2], 16).unwrap();
        let value = f64::from(value) / 255.0;
        let linear = match value <= 0.04045 {
            true => value / 12.92,
            false => ((value + 0.055) / 1.055).powf(2.4),
        };
        weight * linear
    };
    part(1, 0.2126) + part(3, 0.7152) + part(5, 0.0722)
}

#[test]
fn colours_can_be_told_apart() {
    let [light, dark] = schemes();
    assert!(light.keys().eq(dark.keys()));
    for colours in [light, dark] {
        for (front, back, least) in [
            ("text", "ground", TEXT),
            ("text", "card", TEXT),
            ("text", "field", TEXT),
            ("text", "tint", TEXT),
            ("text", "wrong-ground", TEXT),
            ("muted", "ground", TEXT),
            ("muted", "card", TEXT),
            ("accent", "card", TEXT),
            ("accent-strong", "card", TEXT),
            ("accent-strong", "tint", TEXT),
            ("on-accent", "accent", TEXT),
            ("on-accent", "accent-strong", TEXT),
            ("wrong", "card", TEXT),
            ("wrong", "wrong-ground", TEXT),
            ("field-edge", "card", EDGE),
            ("field-edge", "field", EDGE),
            ("accent", "field", EDGE),
            ("wrong", "field", EDGE),
        ] {
            let (front_value, back_value) = (luminance(&colours[front]), luminance(&colours[back]));
            let contrast =
                (front_value.max(back_value) + 0.05) / (front_value.min(back_value) + 0.05);
            assert!(contrast >= least, "{front} on {back}: {contrast:.2}");
        }
    }
}
