//! Commands as they are typed: what they print, and what they leave behind.

use std::path::Path;
use std::process::{Command, Output};

fn skillgate(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skillgate"));
    command.args(arguments).current_dir(folder).env_remove("SKILLGATE_UPDATE_GOLDEN").env_remove("SKILLGATE_CONFIG");
    let tests_own = std::env::vars().filter(|(name, _)| name.starts_with("SKILLGATE_"));
    tests_own.fold(&mut command, |command, (name, _)| command.env_remove(name)).output().unwrap()
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn doctor_and_the_list_of_keys_make_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = skillgate(folder.path(), &["doctor"]);
    let told = printed(&doctor);
    assert!(doctor.status.success(), "{told}");
    assert!(told.contains("master key: not there yet; the first start makes data/master.key"), "{told}");
    assert!(told.contains("database: sqlite holds no tables yet"), "{told}");
    let list = skillgate(folder.path(), &["api-key", "list"]);
    assert!(!list.status.success());
    assert!(printed(&list).contains("there is no database yet"), "{}", printed(&list));
    assert!(is_empty(folder.path()));
}

#[test]
fn doctor_and_the_list_of_keys_read_what_the_first_start_made() {
    let folder = tempfile::tempdir().unwrap();
    assert!(skillgate(folder.path(), &["api-key", "create", "first"]).status.success());
    let list = printed(&skillgate(folder.path(), &["api-key", "list"]));
    assert!(list.contains("first") && list.contains("never"), "{list}");
    let healthy = printed(&skillgate(folder.path(), &["doctor"]));
    assert!(healthy.contains("its schema is up to date"), "{healthy}");
    std::fs::remove_file(folder.path().join("data/master.key")).unwrap();
    let keyless = skillgate(folder.path(), &["doctor"]);
    assert!(!keyless.status.success());
    assert!(printed(&keyless).contains("the database was made with it"), "{}", printed(&keyless));
    assert!(!folder.path().join("data/master.key").exists());
}

#[test]
fn a_wrong_setting_is_told_with_its_place_and_without_colours() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.toml"), "[http]\nlistn = \"x\"\n").unwrap();
    for (arguments, sentence) in [
        (&["doctor", "--config", "own.toml"][..], "the file own.toml gives http.listn, and there is no such setting"),
        (&["doctor", "--set", "http.listn=x"], "--set gives http.listn"),
        (&["doctor", "--set", "log.level=lou"], "log.level holds \"lou\"; write error, warn, info"),
        (&["doctor", "--nothing"], "unexpected argument"),
    ] {
        let output = skillgate(folder.path(), arguments);
        let told = printed(&output);
        assert!(!output.status.success() && told.contains(sentence), "{told}");
        assert!(!told.contains('\u{1b}'), "no colours where no terminal is: {told:?}");
    }
}

#[test]
fn the_first_administrator_is_made_without_a_browser_and_the_audit_log_is_checked_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| skillgate(folder.path(), arguments);
    let made = run(&["user", "create", "ada@example.org", "--name", "Ada Example", "--role", "administrator"]);
    assert!(made.status.success(), "{}", printed(&made));
    assert!(printed(&made).contains("http://127.0.0.1:8080/welcome/"), "{}", printed(&made));
    let again = run(&["user", "create", "ADA@example.org", "--name", "Ada", "--role", "auditor"]);
    assert!(
        !again.status.success() && printed(&again).contains("does somebody have this address already?"),
        "{}",
        printed(&again)
    );
    let wrong = run(&["user", "create", "bo@example.org", "--name", "Bo", "--role", "boss"]);
    assert!(printed(&wrong).contains("the roles are recruiter, integrator, administrator and auditor"), "{}", printed(&wrong));
    assert!(run(&["user", "disable", "ada@example.org"]).status.success());
    let list = printed(&run(&["user", "list"]));
    assert!(list.contains("administrator") && list.contains("disabled") && list.contains("ada@example.org"), "{list}");
    assert!(run(&["user", "enable", "ada@example.org"]).status.success());
    assert!(printed(&run(&["user", "reset", "ada@example.org"])).contains("/welcome/"));
    assert!(run(&["api-key", "create", "reader", "--role", "auditor"]).status.success());
    assert!(printed(&run(&["api-key", "list"])).contains("auditor"));

    let whole = run(&["audit", "verify"]);
    let told = printed(&whole);
    assert!(whole.status.success() && told.contains("The audit log is whole. Entries: 5."), "{told}");
    let head = told.lines().last().unwrap().to_owned();
    assert!(run(&["audit", "verify", "--since", &head]).status.success());
    let other = format!("5:{}", "0".repeat(64));
    let changed = run(&["audit", "verify", "--since", &other]);
    assert!(
        !changed.status.success() && printed(&changed).contains("entry 5 is not the entry that it was"),
        "{}",
        printed(&changed)
    );
    let exported = printed(&run(&["audit", "export"]));
    let actions: Vec<String> = exported
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["api_key.create", "user.reset", "user.enable", "user.disable", "user.create"]);
    assert!(printed(&run(&["audit", "export", "--format", "csv"])).starts_with("number,at,actor"));
}
