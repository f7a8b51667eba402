/** The key by which Microsoft's specification verifies receive-side scaling ("Verifying the RSS Hash Calculation"): 40 bytes. */
const HEX = "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa";

export function verificationKey(): Uint8Array {
  return Uint8Array.from(HEX.match(/../g) as string[], (byte) => Number.parseInt(byte, 16));
}
