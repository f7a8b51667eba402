/** Live hosts in an inventory. */
export { RINGLANE_FORMATS } from "./adapter.js";
export { describeHost } from "./describe-host.js";
export { describeVm } from "./describe-vm.js";
