//! A person with a browser that runs no scripts: it follows links and redirects, and sends the forms of the pages.

use url::form_urlencoded;

use super::wire::{self, Received};

/// What a browser says that it takes.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Redirects that a browser follows at most.
const REDIRECTS: usize = 20;

/// What the browser shows: a page, or nothing yet of another site to which it is sent.
#[derive(Debug)]
pub struct Shown {
    pub url: String,
    pub status: u16,
    pub body: String,
}

impl Shown {
    /// Sends the first form of the page that leads to `what` of the validation, with these fields.
    #[track_caller]
    pub fn submit(&self, what: &str, fields: &[(&str, &str)]) -> Self {
        let mut forms = self.body.split("<form method=\"post\" action=\"").skip(1);
        let action = forms.find_map(|form| {
            let (action, _) = form.split_once('"')?;
            action.contains(&format!("/{what}/")).then_some(action)
        });
        let action = action.unwrap_or_else(|| panic!("no form for {what}: {self:?}"));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let body = form.finish();
        follow(action, &post(action, &body))
    }
}

/// Opens a link.
pub fn open(url: &str) -> Shown {
    follow(url, &get(url))
}

/// Goes a person's way from the client's link to where the Challenger sends it in the end; `code` looks into the mailbox.
#[track_caller]
pub fn prove(link: &str, address: &[(&str, &str)], code: impl FnOnce() -> String) -> String {
    let asked = open(link);
    assert_eq!(asked.status, 200, "{asked:?}");
    let sent = asked.submit("challenge", address);
    assert_eq!(sent.status, 200, "{sent:?}");
    let done = sent.submit("solve", &[("pin", &code())]);
    assert_eq!(done.status, 302, "{done:?}");
    done.url
}

/// Follows redirects as far as they stay at the server; where they leave it, the answer is the redirect.
fn follow(url: &str, answer: &Received) -> Shown {
    let mut shown = Shown {
        url: url.to_owned(),
        status: answer.status,
        body: answer.body.clone(),
    };
    let mut location = answer.header("location").map(str::to_owned);
    for _ in 0..REDIRECTS {
        let Some(next) = location else { return shown };
        let leaves = match next.starts_with("http://") {
            true => wire::split(&next).0 != wire::split(url).0,
            false => true,
        };
        if leaves {
            return Shown { url: next, ..shown };
        }
        let answer = get(&next);
        location = answer.header("location").map(str::to_owned);
        shown = Shown {
            url: next,
            status: answer.status,
            body: answer.body,
        };
    }
    panic!("too many redirects: {shown:?}");
}

fn get(url: &str) -> Received {
    let (host, target) = wire::split(url);
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: {ACCEPT}\r\nConnection: close\r\n\r\n"
    );
    wire::send(url, &request)
}

fn post(url: &str, form: &str) -> Received {
    let (host, target) = wire::split(url);
    let length = form.len();
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nAccept: {ACCEPT}\r\nOrigin: null\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    wire::send(url, &request)
}
