//! What the original's dashboards ask for, under the names of django-prometheus: requests, answers and how long they
//! took. What a server without Django has nothing of (models, migrations, Python's own) is not told.
use crate::exposition::{Counter, Histogram};
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

/// Upper bounds of what an answer takes, in seconds, as the original's.
const LATENCY: [f64; 15] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 25.0, 50.0,
];
/// The view of what leads nowhere.
const NO_VIEW: &str = "<unnamed view>";

fn method(of: &Method) -> &'static str {
    let known = [
        Method::GET,
        Method::POST,
        Method::OPTIONS,
        Method::HEAD,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let names = ["GET", "POST", "OPTIONS", "HEAD", "PUT", "PATCH", "DELETE"];
    let at = known.iter().position(|known| known == of);
    at.map_or("<invalid method>", |at| names[at])
}

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    requests: Counter,
    responses: Counter,
    by_method: Counter,
    by_status: Counter,
    by_view: Counter,
    latency: Histogram,
    latency_by_view: Histogram,
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self {
            requests: Counter::new(
                "django_http_requests_before_middlewares_total",
                "Requests.",
                &[],
            ),
            responses: Counter::new(
                "django_http_responses_before_middlewares_total",
                "Answers.",
                &[],
            ),
            by_method: Counter::new(
                "django_http_requests_total_by_method_total",
                "Requests by method.",
                &["method"],
            ),
            by_status: Counter::new(
                "django_http_responses_total_by_status_total",
                "Answers by status.",
                &["status"],
            ),
            by_view: Counter::new(
                "django_http_responses_total_by_status_view_method_total",
                "Answers by status, route and method.",
                &["status", "view", "method"],
            ),
            latency: Histogram::new(
                "django_http_requests_latency_including_middlewares_seconds",
                "From a request to its answer.",
                &[],
                &LATENCY,
            ),
            latency_by_view: Histogram::new(
                "django_http_requests_latency_seconds_by_view_method",
                "From a request to its answer, by route and method.",
                &["view", "method"],
                &LATENCY,
            ),
        }
    }

    /// Answers a request, and counts both.
    pub(super) async fn counted(&self, request: Request, next: Next) -> Response {
        let began = Instant::now();
        let method = method(request.method());
        let view = request.extensions().get::<MatchedPath>().cloned();
        let view = view.as_ref().map_or(NO_VIEW, MatchedPath::as_str);
        self.requests.count(&[]);
        self.by_method.count(&[method]);
        let response = next.run(request).await;
        let (status, took) = (response.status(), began.elapsed().as_secs_f64());
        self.responses.count(&[]);
        self.by_status.count(&[status.as_str()]);
        self.by_view.count(&[status.as_str(), view, method]);
        self.latency.observe(&[], took);
        self.latency_by_view.observe(&[view, method], took);
        response
    }

    /// All of it.
    pub(super) fn write(&self) -> String {
        let mut text = String::new();
        for counter in [
            &self.requests,
            &self.responses,
            &self.by_method,
            &self.by_status,
            &self.by_view,
        ] {
            counter.write(&mut text);
        }
        self.latency.write(&mut text);
        self.latency_by_view.write(&mut text);
        text
    }
}
