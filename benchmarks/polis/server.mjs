// Polis's directory sync behind Node's own http server.
//
// Each change is an event for the application, which here takes it and does nothing: webhooks
// and their queue are left out.

import { createServer } from "node:http";
import { open } from "./polis.mjs";

const { directorySyncController } = await open();
const directoryId = process.env.POLIS_DIRECTORY;
const ignore = async () => {};

createServer(async (request, response) => {
  try {
    const { status, data } = await answer(request);
    send(response, status, JSON.stringify(data));
  } catch (trouble) {
    send(response, 500, JSON.stringify({ detail: String(trouble) }));
  }
}).listen(Number(process.env.POLIS_PORT), "127.0.0.1");

async function answer(request) {
  const url = new URL(request.url, "http://127.0.0.1");
  const [resourceType, resourceId] = url.pathname.slice(1).split("/");
  const body = await read(request);
  return directorySyncController.requests.handle(
    {
      method: request.method,
      body: body && JSON.parse(body),
      directoryId,
      resourceType,
      resourceId,
      apiSecret: request.headers.authorization?.split(" ")[1],
      query: {
        filter: url.searchParams.get("filter") ?? undefined,
        startIndex: number(url, "startIndex"),
        count: number(url, "count"),
      },
    },
    ignore,
  );
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function number(url, name) {
  const text = url.searchParams.get(name);
  return text === null ? undefined : Number(text);
}

function send(response, status, body) {
  response.writeHead(status, {
    "Content-Type": "application/scim+json",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}
