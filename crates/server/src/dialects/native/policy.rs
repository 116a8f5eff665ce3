//! Policies as clients write them: any part at any depth, laid over what holds now. A `preset` is laid down
//! first, whatever else is written goes over it.
use serde_json::{Map, Value};
use watchalong_room::{Policy, PolicyPatch, Preset};

/// Any part of a policy.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(transparent)]
pub struct PolicyInput(Map<String, Value>);

/// What may not be changed by clients: the presets of dialects set these.
const FIXED: [&str; 2] = ["seat_hold", "undo_window"];

impl PolicyInput {
    /// `policy` with these parts changed.
    ///
    /// # Errors
    /// A sentence that names the part and what it may be.
    pub fn over(&self, policy: &Policy) -> Result<Policy, String> {
        let mut policy = *policy;
        if let Some(preset) = self.preset()? {
            policy.controls = policy.controls.under(preset);
        }
        let mut whole = serde_json::to_value(policy).expect("a policy is plain data");
        overlay(&mut whole, &Value::Object(self.0.clone()), "policy")?;
        serde_json::from_value(whole)
            .map_err(|error| format!("This policy can't be read: {error}."))
    }

    fn preset(&self) -> Result<Option<Preset>, String> {
        let Some(name) = self.0.get("preset") else {
            return Ok(None);
        };
        let preset = name.as_str().and_then(Preset::parse);
        preset.map(Some).ok_or_else(|| {
            let names = Preset::ALL.map(Preset::as_str).join(", ");
            format!("policy.preset must be one of {names}, not {name}.")
        })
    }

    /// The patch that turns `policy` into itself with these parts changed.
    ///
    /// # Errors
    /// As [`PolicyInput::over`].
    pub fn patch(&self, policy: &Policy) -> Result<PolicyPatch, String> {
        if let Some(fixed) = FIXED.iter().find(|name| self.0.contains_key(**name)) {
            return Err(format!(
                "policy.{fixed} is set when a room is made and can't be changed."
            ));
        }
        let next = self.over(policy)?;
        let has = |name: &str| self.0.contains_key(name);
        Ok(PolicyPatch {
            entry: has("entry").then_some(next.entry),
            visibility: has("visibility").then_some(next.visibility),
            controls: (has("controls") || has("preset")).then_some(next.controls),
            seek_pauses: has("seek_pauses").then_some(next.seek_pauses),
            host_absence: has("host_absence").then_some(next.host_absence),
            barrier: has("barrier").then_some(next.barrier),
            start_lead: has("start_lead").then_some(next.start_lead),
            capacity: has("capacity").then_some(next.capacity),
            chat: has("chat").then_some(next.chat),
            idle_expiry: has("idle_expiry").then_some(next.idle_expiry),
            auto_advance: has("auto_advance").then_some(next.auto_advance),
        })
    }
}

/// Lays `over` onto `base`. An object with another `do` is another choice and replaces the old one whole.
fn overlay(base: &mut Value, over: &Value, path: &str) -> Result<(), String> {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                let path = format!("{path}.{key}");
                match base.get_mut(key) {
                    Some(Value::Object(old))
                        if value.get("do").is_some() && old.get("do") != value.get("do") =>
                    {
                        base.insert(key.clone(), value.clone());
                    }
                    Some(old) => overlay(old, value, &path)?,
                    // Unknown fields are ignored, here as everywhere.
                    None => {}
                }
            }
            Ok(())
        }
        (base @ Value::Object(_), other) => Err(format!(
            "{path} must be an object like {base}, not {other}."
        )),
        (base, over) => {
            *base = over.clone();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchalong_room::{BarrierPolicy, Span, Who};

    fn input(json: &str) -> PolicyInput {
        serde_json::from_str(json).expect("an object")
    }

    #[test]
    fn a_part_changes_only_itself() {
        let base = Policy::default();
        let next =
            input(r#"{"controls":{"play":"host"},"barrier":{"do":"off"},"unknown":1}"#).over(&base);
        let next = next.expect("valid");
        assert_eq!(next.controls.play, Who::Host);
        assert_eq!(next.controls.seek, base.controls.seek);
        assert_eq!(next.barrier, BarrierPolicy::Off);
        let wait = input(r#"{"barrier":{"deadline":3000}}"#)
            .over(&base)
            .expect("valid");
        assert_eq!(
            wait.barrier,
            BarrierPolicy::Wait {
                quorum: 1.0,
                deadline: Span(3000)
            }
        );
    }

    #[test]
    fn a_preset_is_laid_down_first() {
        let base = Policy::default();
        let patch = input(r#"{"controls":{"queue":"host"},"preset":"ask"}"#).patch(&base);
        let controls = patch.expect("valid").controls.expect("changed");
        assert_eq!((controls.play, controls.queue), (Who::CoHosts, Who::Host));
        assert!(controls.ask);
        assert_eq!(controls.people, base.controls.people);
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let base = Policy::default();
        for bad in [
            r#"{"controls":{"play":"nobody"}}"#,
            r#"{"controls":7}"#,
            r#"{"barrier":{"do":"dance"}}"#,
            r#"{"preset":"dance"}"#,
            r#"{"preset":7}"#,
        ] {
            let error = input(bad).over(&base).expect_err("refused");
            assert!(error.ends_with('.'), "{error}");
        }
        assert!(input(r#"{"seat_hold":1}"#).patch(&base).is_err());
    }
}
