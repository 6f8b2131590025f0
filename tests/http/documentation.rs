//! The document and its page, as the server gives them out.

use kontor::config::PublicUrl;
use serde_json::Value;

use crate::support::{TestApp, on_app, on_app_with};

/// What the page consists of.
const FILES: [&str; 6] = [
    "",
    "index.html",
    "index.css",
    "swagger-ui.css",
    "swagger-initializer.js",
    "swagger-ui-bundle.js",
];

const EDITIONS: [(&str, &str); 3] = [
    ("/openapi.yaml", "application/yaml"),
    ("/openapi.json", "application/json"),
    ("/openapi-3.0.json", "application/json"),
];

#[tokio::test]
async fn the_page_consists_of_files_of_this_server() {
    on_app(async |app| {
        for file in FILES {
            let answer = app.get(&format!("/docs/{file}")).send().await;
            answer.expect(200);
            assert!(!answer.body.is_empty());
            let media_type = answer.header("content-type").unwrap_or_default();
            let expected = match file.rsplit('.').next() {
                Some("css") => "text/css",
                Some("js") => "javascript",
                _ => "text/html",
            };
            assert!(media_type.contains(expected), "{file}: {media_type}");
        }
        for file in referenced(app).await {
            app.get(&format!("/docs/{file}")).send().await.expect(200);
        }
    })
    .await;
}

/// What the page loads: whatever its elements name, apart from links that somebody has to follow.
async fn referenced(app: &TestApp) -> Vec<String> {
    let page = app.get("/docs/").send().await.text();
    let elements = page.split('<').filter(|element| !element.starts_with("a "));
    let mut files = Vec::new();
    for element in elements {
        for attribute in [" src=\"", " href=\""] {
            let values = element.split(attribute).skip(1);
            files.extend(values.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    assert!(files.len() >= 4, "{files:?}");
    for file in &files {
        assert!(
            !file.contains("//") && !file.contains(".."),
            "the page loads {file}"
        );
    }
    files
}

#[tokio::test]
async fn the_page_says_what_it_is_of_and_leads_to_the_other_one() {
    let both = |settings: &mut kontor::config::Settings| settings.challenger.enabled = true;
    on_app_with(both, async |app| {
        let page = app.get("/docs/").send().await.text();
        assert!(page.contains("<title>Kontor Merchant Backend: "), "{page}");
        assert!(
            page.contains("href=\"https://addresses.test/check/docs/\""),
            "{page}"
        );
        let page = app.challenger("GET", "/docs/").send().await.text();
        assert!(page.contains("<title>Kontor Challenger: "), "{page}");
        assert!(page.contains("href=\"http://kontor.test/docs/\""), "{page}");
        for (path, _) in EDITIONS {
            assert!(page.contains(&format!("href=\"..{path}\"")), "{path}");
        }
    })
    .await;
    on_app(async |app| {
        let page = app.get("/docs/").send().await.text();
        assert!(!page.contains("id=\"sibling\""), "{page}");
    })
    .await;
}

#[tokio::test]
async fn the_page_loads_nothing_from_anywhere_else() {
    on_app(async |app| {
        for file in ["", "index.html", "swagger-initializer.js", "index.css"] {
            let text = app.get(&format!("/docs/{file}")).send().await.text();
            for scheme in ["http://", "https://", "\"//", "'//", "url(//", "@import"] {
                assert!(!text.contains(scheme), "{file} names {scheme}");
            }
        }
        let style = app.get("/docs/swagger-ui.css").send().await.text();
        for start in ["url(http", "url(\"http", "url(//", "@import"] {
            assert!(!style.contains(start), "the style sheet loads {start}");
        }
        let initializer = app.get("/docs/swagger-initializer.js").send().await.text();
        assert!(initializer.contains("../openapi.json"), "{initializer}");
        assert!(!initializer.contains("petstore"));
        // The policy forbids scripts in the page itself.
        let page = app.get("/docs/").send().await.text();
        assert!(!page.replace(' ', "").contains("<script>"), "{page}");
    })
    .await;
}

#[tokio::test]
async fn the_ways_to_the_page_lead_there() {
    let below = |settings: &mut kontor::config::Settings| {
        settings.merchant.public_url = PublicUrl::parse("https://shop.test/kontor/").ok();
    };
    on_app_with(below, async |app| {
        let location = Some("https://shop.test/kontor/docs/");
        let answer = app.get("/docs").send().await;
        answer.expect(308);
        assert_eq!(answer.header("location"), location);
        let answer = app.get("/").send().await;
        answer.expect(302);
        assert_eq!(answer.header("location"), location);
        let document = app.get("/openapi.json").send().await.json();
        let url = document["servers"][0]["url"].as_str().expect("a server");
        assert_eq!(url.trim_end_matches('/'), "https://shop.test/kontor");
    })
    .await;
}

#[tokio::test]
async fn every_edition_has_its_type_and_its_tag() {
    on_app(async |app| {
        for (path, media_type) in EDITIONS {
            let answer = app.get(path).send().await;
            answer.expect(200);
            assert_eq!(answer.header("content-type"), Some(media_type));
            let etag = answer.header("etag").expect("a tag").to_owned();
            for known in [
                etag.clone(),
                format!("W/{etag}"),
                format!("\"x\", {etag}"),
                "*".to_owned(),
            ] {
                let again = app.get(path).header("if-none-match", &known).send().await;
                again.expect(304);
                assert!(again.body.is_empty());
                assert_eq!(again.header("etag"), Some(etag.as_str()));
            }
            let other = app
                .get(path)
                .header("if-none-match", "\"other\"")
                .send()
                .await;
            assert_eq!(other.body, answer.body);
            // The tag of a compressed answer is good too.
            let coded = app.get(path).header("accept-encoding", "gzip").send().await;
            let weak = coded.header("etag").expect("a tag").to_owned();
            let again = app.get(path).header("if-none-match", &weak);
            again
                .header("accept-encoding", "gzip")
                .send()
                .await
                .expect(304);
            app.call("HEAD", path).send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn the_editions_say_the_same() {
    on_app(async |app| {
        let [yaml, json, older] = EDITIONS.map(|(path, _)| path);
        let json = app.get(json).send().await.json();
        let yaml: Value = yaml_serde::from_str(&app.get(yaml).send().await.text()).expect("YAML");
        let older: Value = app.get(older).send().await.json();
        assert_eq!(yaml, json);
        assert_eq!(json["openapi"], "3.1.0");
        assert_eq!(older["openapi"], "3.0.3");
        let paths = |document: &Value| document["paths"].as_object().expect("paths").len();
        assert_eq!(paths(&json), paths(&older));
        for document in [&json, &older] {
            let mut urls = Vec::new();
            collect_servers(document, &mut urls);
            assert!(urls.len() > 2);
            for url in urls {
                assert!(url.starts_with("http://kontor.test"), "{url}");
                assert!(!url.trim_start_matches("http://").contains("//"), "{url}");
            }
        }
    })
    .await;
}

/// All URLs of servers, wherever they stand.
fn collect_servers(value: &Value, urls: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == "servers" {
                    let servers = member.as_array().into_iter().flatten();
                    urls.extend(
                        servers.filter_map(|server| Some(server["url"].as_str()?.to_owned())),
                    );
                }
                collect_servers(member, urls);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_servers(item, urls)),
        _ => {}
    }
}

#[tokio::test]
async fn the_documentation_is_at_the_root_only() {
    on_app(async |app| {
        for path in ["/docs", "/docs/", "/docs/index.html"]
            .into_iter()
            .chain(EDITIONS.map(|(path, _)| path))
        {
            for instance in ["admin", "default", "nobody"] {
                app.get(&format!("/instances/{instance}{path}"))
                    .send()
                    .await
                    .refuses(404, 21);
            }
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let answer = app.call(method, path).send().await;
                answer.refuses(405, 20);
                assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn no_path_leads_out_of_the_page() {
    on_app(async |app| {
        for path in [
            "../Cargo.toml",
            "../../etc/passwd",
            "..%2f..%2fetc%2fpasswd",
            "%2e%2e/%2e%2e/etc/passwd",
            "..%5c..%5cetc%5cpasswd",
            "/etc/passwd",
            "%2fetc%2fpasswd",
            "index.html%00.js",
            "%ff",
            "./index.html",
            "index.html/",
            "INDEX.HTML",
            "nothing.js",
        ] {
            app.get(&format!("/docs/{path}"))
                .send()
                .await
                .refuses(404, 21);
        }
        for path in [
            "/docsx",
            "/docs.html",
            "/openapi.yml",
            "/openapi.json/",
            "/openapi.json.gz",
        ] {
            app.get(path).send().await.refuses(404, 21);
        }
    })
    .await;
}
