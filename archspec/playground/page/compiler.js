// The worker that runs the compiler. It starts before the rest of the page is there, and what it says meanwhile is kept.

export const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });

const waiting = [];
worker.onmessage = worker.onerror = (event) => waiting.push(event);

/** Calls `message` with what the worker sends, `error` with what ends it. */
export function listen(message, error) {
  [worker.onmessage, worker.onerror] = [message, error];
  for (const event of waiting.splice(0)) (event.type === "error" ? error : message)(event);
}
