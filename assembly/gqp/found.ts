// What opening an RDMA packet found: who sends it to whom, and where in it the inner frame lies.
//
//   0         4           8     12     16       20       24
//   │ destQpn │ sourceQpn │ psn │ qkey │ offset │ length │ carries │ unused │
//
// A frame's qkey is its network's VNI. A control message's is QKEY_CONTROL, and what offset and length say is its payload.
import {
  GQP_BYTES,
  GQP_CARRIES,
  GQP_DEST_QPN,
  GQP_LENGTH,
  GQP_OFFSET,
  GQP_PSN,
  GQP_QKEY,
  GQP_SOURCE_QPN,
} from "../layout";

@unmanaged
export class Found {
  destQpn: u32;
  sourceQpn: u32;
  psn: u32;
  qkey: u32;
  offset: u32;
  length: u32;
  carries: u32;
  unused: u32;
}

if (offsetof<Found>() != GQP_BYTES) ERROR("Found: size");
if (offsetof<Found>("destQpn") != GQP_DEST_QPN) ERROR("Found: destQpn");
if (offsetof<Found>("sourceQpn") != GQP_SOURCE_QPN) ERROR("Found: sourceQpn");
if (offsetof<Found>("psn") != GQP_PSN) ERROR("Found: psn");
if (offsetof<Found>("qkey") != GQP_QKEY) ERROR("Found: qkey");
if (offsetof<Found>("offset") != GQP_OFFSET) ERROR("Found: offset");
if (offsetof<Found>("length") != GQP_LENGTH) ERROR("Found: length");
if (offsetof<Found>("carries") != GQP_CARRIES) ERROR("Found: carries");
