// Memory regions: what of the arena a key opens, to whom, and for what (IBTA volume 1, 10.6). Nothing that a peer or a work request
// names is read or written but through locate.
//
//   0     4    8      12       16       24       28
//   │ key │ pd │ base │ length │ va 64  │ access │ unused │
//
// A key is an index of 24 bits and 8 bits that change when the index is used again. Key 0 opens nothing. va is the address that the
// region's first byte has for those who name it.
import { REGION_ACCESS, REGION_BASE, REGION_BYTES, REGION_KEY, REGION_LENGTH, REGION_PD, REGION_VA } from "../layout";
import { Endpoint } from "./endpoint";

@unmanaged
export class Region {
  key: u32;
  pd: u32;
  base: u32;
  length: u32;
  va: u64;
  access: u32;
  unused: u32;
}

if (offsetof<Region>() != REGION_BYTES) ERROR("Region: size");
if (offsetof<Region>("key") != REGION_KEY) ERROR("Region: key");
if (offsetof<Region>("pd") != REGION_PD) ERROR("Region: pd");
if (offsetof<Region>("base") != REGION_BASE) ERROR("Region: base");
if (offsetof<Region>("length") != REGION_LENGTH) ERROR("Region: length");
if (offsetof<Region>("va") != REGION_VA) ERROR("Region: va");
if (offsetof<Region>("access") != REGION_ACCESS) ERROR("Region: access");

/** The address of len bytes at va under a key; 0 unless the key is of this protection domain and grants all of access, for all of them. */
export function locate(endpoint: usize, key: u32, pd: u32, va: u64, len: u32, access: u32): usize {
  const region = regionOf(endpoint, key, pd, access);
  if (region == 0) return 0;
  const r = changetype<Region>(region);
  // Below va the difference wraps, and is more than any length.
  const off = va - r.va;
  const length = r.length as u64;
  if (off > length || length - off < (len as u64)) return 0;
  return (r.base as usize) + (off as usize);
}

/** True when the key covers len bytes at an address of this memory, as locate. No bytes need no key. */
export function covers(endpoint: usize, key: u32, pd: u32, address: u32, len: u32, access: u32): bool {
  if (len == 0) return true;
  const region = regionOf(endpoint, key, pd, access);
  if (region == 0) return false;
  const r = changetype<Region>(region);
  const off = address - r.base;
  return off <= r.length && r.length - off >= len;
}

function regionOf(endpoint: usize, key: u32, pd: u32, access: u32): usize {
  const e = changetype<Endpoint>(endpoint);
  const region = (e.regions as usize) + (((key >> 8) & e.regionMask) as usize) * REGION_BYTES;
  const r = changetype<Region>(region);
  return r.key == key && key != 0 && r.pd == pd && (r.access & access) == access ? region : 0;
}
