// The way to the compiler: a worker that runs it, or the process that serves this page.

/** A transport of an LSP client. `onStatus` is told how far the compiler is, and whether it is lost. */
export function connect({ mode }, onStatus) {
  return mode === "worker" ? toWorker(onStatus) : toServer(onStatus);
}

function transport(send) {
  const handlers = new Set();
  return {
    send,
    subscribe: (handler) => handlers.add(handler),
    unsubscribe: (handler) => handlers.delete(handler),
    receive: (message) => handlers.forEach((handler) => handler(message)),
  };
}

function toWorker(onStatus) {
  const compiler = import("./compiler.js");
  const made = transport((message) => compiler.then(({ worker }) => worker.postMessage(message)));
  compiler.then(({ listen }) => listen(
    ({ data }) => (data.status ? onStatus(data.status) : made.receive(data.message)),
    (event) => onStatus(`The compiler did not start: ${event.message || "see the console"}`),
  ));
  return made;
}

function toServer(onStatus) {
  const address = new URL("socket", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address), waiting = [];
  const made = transport((message) => (socket.readyState === WebSocket.OPEN ? socket.send(message) : waiting.push(message)));
  socket.onopen = () => {
    waiting.splice(0).forEach((message) => socket.send(message));
    onStatus("ready");
  };
  socket.onmessage = ({ data }) => made.receive(data);
  socket.onclose = () => onStatus("The connection is lost: start `archspec live` again, then reload. The text is still here.");
  return made;
}
