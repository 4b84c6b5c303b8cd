// Runs archspec in the browser. A message is one of JSON-RPC, as text; what is published waits until none is left.

import { start } from "./python.js";

const queue = [];
const turn = new MessageChannel();
let session = null;

self.onmessage = ({ data }) => {
  queue.push(data);
  turn.port2.postMessage(null);
};
turn.port1.onmessage = work;

const answer = (messages) => {
  for (const message of messages.toJs()) self.postMessage({ message });
  messages.destroy();
};

function work() {
  if (!session || !queue.length) return;
  for (const message of queue.splice(0)) answer(session.receive(message));
  turn.port2.postMessage(null); // behind the messages that came meanwhile
  setTimeout(() => queue.length || answer(session.publish()));
}

const python = await start((status) => self.postMessage({ status }));
session = python.pyimport("archspec.playground.session").Session();
self.postMessage({ status: "ready" });
work();
