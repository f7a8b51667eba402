// Where a worker begins: it gets no loader from the program that starts it, so it brings the one for TypeScript itself.
import { workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
await import(workerData.script);
