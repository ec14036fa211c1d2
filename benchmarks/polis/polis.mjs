// The library Polis is made of, on PostgreSQL, without its analytics.

import library from "@boxyhq/saml-jackson";

export const TENANT = "benchmarks";
export const PRODUCT = "trueup";

// pageLimit: without it a list ends after 50 resources, whatever is asked for.
export const open = () =>
  library.controllers({
    externalUrl: "http://127.0.0.1",
    samlPath: "/saml",
    noAnalytics: true,
    logger: { info() {}, warn() {}, error: console.error },
    db: { engine: "sql", type: "postgres", url: process.env.POLIS_URL, pageLimit: 100 },
  });
