//! Both services below paths of one host, as clients and people go through them.

use std::{sync::Mutex, time::Duration};

use serde_json::Value;
use url::Url;

use super::{
    curl::{Answer, Client},
    nginx::{Nginx, free_port},
};
use crate::cli::program::{Place, Running, on_place, request};

const ADDRESS: &str = "ada@tea.example";
const REDIRECT_URI: &str = "https://client.example/done";

/// Kontor behind nginx, with the instance `shop`.
pub struct Site<'a> {
    pub place: &'a Place,
    server: Mutex<Option<Running>>,
    pub nginx: Nginx,
    /// Public URL of the merchant backend, with a slash at its end.
    pub merchant: String,
    /// Public URL of the Challenger.
    pub challenger: String,
    /// Where the merchant backend itself is.
    pub merchant_listens: String,
    management: String,
}

/// Runs a test on it.
pub async fn on_site(test: impl AsyncFnOnce(&Site<'_>)) {
    on_place(async |place| {
        place.create_instance("shop");
        let site = Site::start(place);
        test(&site).await;
        site.stop();
    })
    .await;
}

impl<'a> Site<'a> {
    fn start(place: &'a Place) -> Self {
        let port = free_port();
        let url = |path: &str| format!("https://shop.example:{port}/{path}/");
        let (merchant, challenger) = (url("pay"), url("challenger"));
        let sent = place.path("sent.jsonl").display().to_string();
        let server = place.start(
            &["serve"],
            &[
                ("KONTOR_MERCHANT__PUBLIC_URL", &merchant),
                ("KONTOR_CHALLENGER__ENABLED", "true"),
                ("KONTOR_CHALLENGER__PUBLIC_URL", &challenger),
                ("KONTOR_LIMITS__TRUSTED_PROXIES", "[\"127.0.0.1\"]"),
                ("KONTOR_LIMITS__LOGIN_FAILURES", "3"),
                ("KONTOR_TAN__EMAIL__SPOOL", &sent),
            ],
        );
        let listens = |service: &str| {
            let line = server.until(service);
            let (_, address) = line.split_once("listening on ").expect("an address");
            let end = address.find([';', ' ']).unwrap_or(address.len());
            address[..end].to_owned()
        };
        let (merchant_listens, challenger_listens) = (listens("merchant"), listens("challenger"));
        let management = server.until("management");
        let management = management.split('/').nth(2).expect("an address").to_owned();
        Self {
            nginx: Nginx::before(port, &merchant_listens, &challenger_listens),
            place,
            server: Mutex::new(Some(server)),
            merchant,
            challenger,
            merchant_listens,
            management,
        }
    }

    /// Stops Kontor; nginx goes on.
    pub fn stop(&self) {
        let server = self.server.lock().expect("the server").take();
        if let Some(server) = server {
            assert!(server.stop("-TERM").0.success(), "{}", self.place.log());
        }
    }

    /// A token of `shop`.
    #[track_caller]
    pub fn login(&self, client: &Client) -> String {
        let url = format!("{}instances/shop/private/token", self.merchant);
        let answer = client.send(&[
            "-u",
            "shop:sesame",
            "-H",
            "Content-Type: application/json",
            "-d",
            r#"{"scope":"all"}"#,
            &url,
        ]);
        text(&answer.is(200).json(), "access_token")
    }

    /// Waits until so many requests wait for a change.
    pub fn until_waiting(&self, count: u32) {
        let metric = format!("kontor_long_polls_waiting {count}\n");
        for _ in 0..500 {
            let url = format!("http://{}/metrics", self.management);
            if request("GET", &url, "", "").1.contains(&metric) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("never did {count} requests wait");
    }

    /// The code that was sent last.
    fn code(&self) -> String {
        let sent = std::fs::read_to_string(self.place.path("sent.jsonl")).expect("messages");
        let last: Value =
            serde_json::from_str(sent.lines().last().expect("a message")).expect("JSON");
        text(&last, "tan")
    }
}

fn text(object: &Value, member: &str) -> String {
    let text = object[member].as_str();
    text.unwrap_or_else(|| panic!("{member} in {object}"))
        .to_owned()
}

/// Where the attributes of a page lead.
fn links(page: &str, attribute: &str) -> Vec<String> {
    let begin = format!(" {attribute}=\"");
    let found = page.split(&begin).skip(1);
    found
        .map(|rest| {
            rest.split('"')
                .next()
                .expect("its end")
                .replace("&amp;", "&")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_served_below_a_path() {
    on_site(async |site| {
        let client = Client::at("127.0.0.2", &site.nginx);
        let base = &site.merchant;
        let config = client.send(&[&format!("{base}config")]).is(200);
        assert_eq!(config.json()["name"], "taler-merchant");
        let secured = config.header("strict-transport-security");
        assert!(secured.is_some(), "{config:?}");

        let token = site.login(&client);
        let shop = format!("{base}instances/shop/private");
        let payto = r#"{"payto_uri":"payto://iban/CH9300762011623852957?receiver-name=Shop"}"#;
        let added = client.send_as(&token, &format!("{shop}/accounts"), &["-d", payto]);
        let h_wire = text(&added.is(200).json(), "h_wire");
        let shown = client.send_as(&token, &format!("{shop}/accounts/{h_wire}"), &[]);
        assert_eq!(shown.is(200).json()["h_wire"], h_wire.as_str());

        // The older name of the root leads to the same place outside, and a path without its slash to the one with it.
        let default = client
            .send(&[&format!("{base}instances/default/private")])
            .is(308);
        let there = default.header("location").expect("a location");
        assert_eq!(there, format!("{base}private"));
        let bare = client.send(&[base.trim_end_matches('/')]).is(301);
        assert_eq!(bare.header("location"), Some(base.as_str()));
        let elsewhere = client.send(&[&base.replace("/pay/", "/config")]);
        elsewhere.is(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_proven_below_a_path() {
    on_site(async |site| {
        let added = ["client", "add", "--json", "--redirect-uri", REDIRECT_URI];
        let added: Value = serde_json::from_str(&site.place.output(&added)).expect("JSON");
        let (id, secret) = (text(&added, "client_id"), text(&added, "client_secret"));
        let client = Client::at("127.0.0.2", &site.nginx);
        let base = &site.challenger;
        let set_up = client.send_as(&secret, &format!("{base}setup/{id}"), &["-d", ""]);
        let nonce = text(&set_up.is(200).json(), "nonce");

        let person = Person { base, client: Client::at("127.0.0.3", &site.nginx) };
        let redirect = REDIRECT_URI.replace(':', "%3A").replace('/', "%2F");
        let asked = person.open(&format!(
            "{base}authorize/{nonce}?response_type=code&client_id={id}&redirect_uri={redirect}&state=here"
        ));
        let sent = person.submit(&asked, "challenge", &format!("CONTACT_EMAIL={ADDRESS}"));
        let solved = person.post(&sent, "solve", &format!("pin={}", site.code())).is(302);
        let callback = solved.header("location").expect("a location");
        assert!(callback.starts_with(REDIRECT_URI), "{callback}");
        let callback = Url::parse(callback).expect("a URL");
        let (_, code) = callback.query_pairs().find(|(name, _)| name == "code").expect("a code");

        let user = format!("{id}:{secret}");
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={redirect}");
        let redeemed = client.send(&["-u", &user, "-d", &form, &format!("{base}token")]);
        let token = text(&redeemed.is(200).json(), "access_token");
        let info = client.send_as(&token, &format!("{base}info"), &[]).is(200);
        assert_eq!(info.json()["address"]["CONTACT_EMAIL"], ADDRESS);
        let log = site.nginx.read_with("kontor.log", "/challenger/info");
        assert!(log.contains("/challenger/authorize/*"), "{log}");
        assert!(!log.contains(&nonce) && !log.contains(&*code), "{log}");
    })
    .await;
}

/// Somebody who sees pages.
struct Person<'a> {
    base: &'a str,
    client: Client,
}

impl Person<'_> {
    /// Opens a link and follows redirects, each of which stays below the service; whatever the page refers to is there.
    #[track_caller]
    fn open(&self, link: &str) -> Answer {
        let mut url = link.to_owned();
        for _ in 0..5 {
            assert!(url.starts_with(self.base), "{url}");
            let answer = self.client.send(&["-H", "Accept: text/html", &url]);
            match answer.header("location") {
                Some(there) => url = there.to_owned(),
                None => {
                    self.look_around(&url, &answer);
                    return answer.is(200);
                }
            }
        }
        panic!("{link} leads in a circle");
    }

    fn look_around(&self, url: &str, page: &Answer) {
        let url = Url::parse(url).expect("a URL");
        for (attribute, is_opened) in [("href", true), ("src", true), ("action", false)] {
            for link in links(&page.body, attribute) {
                let target = url.join(&link).expect("a URL");
                if !target.scheme().starts_with("http") {
                    continue;
                }
                assert!(
                    target.as_str().starts_with(self.base),
                    "{attribute}: {link}"
                );
                if is_opened {
                    let shown = self
                        .client
                        .send(&["-H", "Accept: text/html,*/*", target.as_str()]);
                    assert!(shown.status < 400, "{link}: {shown:?}");
                }
            }
        }
    }

    /// Sends the form that leads to an operation, as it stands on the page.
    #[track_caller]
    fn post(&self, page: &Answer, operation: &str, form: &str) -> Answer {
        let actions = links(&page.body, "action");
        let operation = format!("/{operation}/");
        let action = actions.iter().find(|action| action.contains(&operation));
        let action = action.unwrap_or_else(|| panic!("no form for {operation}: {page:?}"));
        let action = Url::parse(self.base).and_then(|base| base.join(action));
        let action = action.expect("a URL").to_string();
        assert!(action.starts_with(self.base), "{action}");
        self.client
            .send(&["-H", "Accept: text/html", "-d", form, &action])
    }

    /// The same, up to the page that comes then.
    #[track_caller]
    fn submit(&self, page: &Answer, operation: &str, form: &str) -> Answer {
        let answer = self.post(page, operation, form);
        match answer.header("location").map(str::to_owned) {
            Some(there) => self.open(&there),
            None => answer.is(200),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_tried_out_below_a_path() {
    on_site(async |site| {
        let client = Client::at("127.0.0.2", &site.nginx);
        let siblings = [
            (&site.merchant, &site.challenger),
            (&site.challenger, &site.merchant),
        ];
        for (base, sibling) in siblings {
            let page = format!("{base}docs/");
            let shown = client.send(&[&page]).is(200);
            let policy = shown.header("content-security-policy").expect("a policy");
            assert!(policy.contains("connect-src 'self'"), "{policy}");
            let url = Url::parse(&page).expect("a URL");
            for link in [links(&shown.body, "href"), links(&shown.body, "src")].concat() {
                let target = url.join(&link).expect("a URL").to_string();
                assert!(
                    target.starts_with(base.as_str()) || target.starts_with(sibling.as_str()),
                    "{target}"
                );
                client
                    .send(&["--compressed", "-o", "/dev/null", "-D", "-", &target])
                    .is(200);
            }
            let document = client
                .send(&[&format!("{base}openapi.json")])
                .is(200)
                .json();
            // Paths are put after it, each with a slash of its own.
            let server = base.trim_end_matches('/');
            assert_eq!(document["servers"][0]["url"], server);
            let bare = client.send(&[page.trim_end_matches('/')]);
            let there = bare
                .header("location")
                .map(|there| url.join(there).expect("a URL").to_string());
            assert_eq!(there.as_deref(), Some(page.as_str()), "{bare:?}");
        }
    })
    .await;
}
