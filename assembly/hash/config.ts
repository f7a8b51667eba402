// What a hash is made by: the kind, what a generation of it does (bits), and tables. Written once, at configuration; a burst's
// loop reads it once. Behind that the record has room for what the general path finds out about one frame at a time, since
// functions here have one result.
//
//   ┌──────┬───────┬───────┬───────┬──────────┬─────────┬─────┬──────┬─────┬──────────┬───────────┬───────────┬───────┐
//   │ kind │ flags │ basis │ table │ ethernet │ network │ end │ type │ tag │ protocol │ transport │ addresses │ ports │
//   └──────┴───────┴───────┴───────┴──────────┴─────────┴─────┴──────┴─────┴──────────┴───────────┴───────────┴───────┘
//   0      4       8       12      16         20        24    28     32    36         40          44          48    64
//     configuration                  where the headers of the frame at hand are, and what they say
//
//   ethernet   address of the Ethernet header         protocol   IP protocol at transport; PROTOCOL_NONE for fragments
//   network    address of what it carries             transport  address of what IP carries
//   end        address behind the last byte here      addresses  source ^ destination, folded to 32 bits
//   type       EtherType of network                   ports      both ports, or what stands for them
//   tag        control field of the tag, or NO_TAG
import {
  HASH_ADDRESSES,
  HASH_BASIS,
  HASH_BYTES,
  HASH_END,
  HASH_ETHERNET,
  HASH_FLAGS,
  HASH_KIND,
  HASH_NETWORK,
  HASH_PORTS,
  HASH_PROTOCOL,
  HASH_TABLE,
  HASH_TAG,
  HASH_TRANSPORT,
  HASH_TYPE,
} from "../layout";

/** Of a frame without a tag; no control field is as large. */
export const NO_TAG: u32 = 0xffffffff;
/** Of a fragment: none, since what it carries has no header to look at. */
export const PROTOCOL_NONE: u32 = 256;

@unmanaged
export class HashConfig {
  kind: u32;
  flags: u32;
  basis: u32;
  table: u32;
  ethernet: u32;
  network: u32;
  end: u32;
  type: u32;
  tag: u32;
  protocol: u32;
  transport: u32;
  addresses: u32;
  ports: u32;
  unused0: u32;
  unused1: u64;
}

if (offsetof<HashConfig>() != HASH_BYTES) ERROR("HashConfig: size");
if (offsetof<HashConfig>("kind") != HASH_KIND) ERROR("HashConfig: kind");
if (offsetof<HashConfig>("flags") != HASH_FLAGS) ERROR("HashConfig: flags");
if (offsetof<HashConfig>("basis") != HASH_BASIS) ERROR("HashConfig: basis");
if (offsetof<HashConfig>("table") != HASH_TABLE) ERROR("HashConfig: table");
if (offsetof<HashConfig>("ethernet") != HASH_ETHERNET) ERROR("HashConfig: ethernet");
if (offsetof<HashConfig>("network") != HASH_NETWORK) ERROR("HashConfig: network");
if (offsetof<HashConfig>("end") != HASH_END) ERROR("HashConfig: end");
if (offsetof<HashConfig>("type") != HASH_TYPE) ERROR("HashConfig: type");
if (offsetof<HashConfig>("tag") != HASH_TAG) ERROR("HashConfig: tag");
if (offsetof<HashConfig>("protocol") != HASH_PROTOCOL) ERROR("HashConfig: protocol");
if (offsetof<HashConfig>("transport") != HASH_TRANSPORT) ERROR("HashConfig: transport");
if (offsetof<HashConfig>("addresses") != HASH_ADDRESSES) ERROR("HashConfig: addresses");
if (offsetof<HashConfig>("ports") != HASH_PORTS) ERROR("HashConfig: ports");
