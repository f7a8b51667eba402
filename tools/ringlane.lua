-- Wireshark dissector for ringlane's control messages: UD SENDs to the control queue pair 0xfffffe, over RoCEv2 or InfiniBand. The layout
-- is drawn in src/gqp/moved.ts.
--
--   tshark -X lua_script:tools/ringlane.lua -r FILE -Y ringlane

local ringlane = Proto("ringlane", "ringlane control message")

local MAGIC_MOVED = 0x524c4d56
local MOVED_BYTES = 64
local VERSION = 1
local QPN_CONTROL = 0xfffffe
local HINTS = { [0] = "none", [4] = "IPv4", [6] = "IPv6" }

local f = {
  magic = ProtoField.string("ringlane.magic", "Magic"),
  version = ProtoField.uint8("ringlane.version", "Version"),
  hint_kind = ProtoField.uint8("ringlane.hint.kind", "Hint", base.DEC, HINTS),
  gqpn = ProtoField.uint24("ringlane.gqpn", "Global queue pair", base.HEX),
  generation = ProtoField.uint32("ringlane.generation", "Generation"),
  vni = ProtoField.uint24("ringlane.vni", "VNI"),
  mac = ProtoField.ether("ringlane.mac", "Endpoint"),
  source_qpn = ProtoField.uint24("ringlane.source_qpn", "Source queue pair", base.HEX),
  first = ProtoField.uint24("ringlane.rejected.first", "First rejected PSN"),
  bitmap = ProtoField.uint64("ringlane.rejected.bitmap", "Rejected from there on", base.HEX),
  psn = ProtoField.uint24("ringlane.rejected.psn", "Rejected PSN"),
  hint4 = ProtoField.ipv4("ringlane.hint.ipv4", "New host"),
  hint6 = ProtoField.ipv6("ringlane.hint.ipv6", "New host"),
}
ringlane.fields = f

local unknown = ProtoExpert.new("ringlane.unknown", "Unknown version or length", expert.group.UNDECODED, expert.severity.WARN)
ringlane.experts = { unknown }

local dest_qp = Field.new("infiniband.bth.destqp")

-- Each rejected PSN as an item of its own, in the order in which they were sent.
local function add_rejected(tree, buffer)
  local first = buffer(33, 3):uint()
  local list = tree:add(f.bitmap, buffer(40, 8))
  for i = 0, 63 do
    local byte = buffer(47 - math.floor(i / 8), 1)
    if bit.band(byte:uint(), bit.lshift(1, i % 8)) ~= 0 then
      list:add(f.psn, byte, (first + i) % 0x1000000):set_generated()
    end
  end
end

local function dissect(buffer, pinfo, tree)
  pinfo.cols.protocol = "ringlane"
  local root = tree:add(ringlane, buffer())
  root:add(f.magic, buffer(0, 4))
  root:add(f.version, buffer(4, 1))
  if buffer:len() < MOVED_BYTES or buffer(4, 1):uint() ~= VERSION then
    root:add_proto_expert_info(unknown)
    return buffer:len()
  end
  root:add(f.hint_kind, buffer(5, 1))
  root:add(f.gqpn, buffer(9, 3))
  root:add(f.generation, buffer(12, 4))
  root:add(f.vni, buffer(17, 3))
  root:add(f.mac, buffer(20, 6))
  root:add(f.source_qpn, buffer(29, 3))
  root:add(f.first, buffer(33, 3))
  add_rejected(root, buffer)
  local kind = buffer(5, 1):uint()
  if kind == 4 then root:add(f.hint4, buffer(48, 4)) end
  if kind == 6 then root:add(f.hint6, buffer(48, 16)) end
  local where = string.format("Moved: queue pair 0x%06x of VNI %d", buffer(9, 3):uint(), buffer(17, 3):uint())
  pinfo.cols.info = where
  root:append_text(", " .. where)
  return MOVED_BYTES
end

ringlane.dissector = dissect

-- Control messages have no EtherType header, so nothing else in tshark takes them.
local function heuristic(buffer, pinfo, tree)
  local qp = dest_qp()
  if not qp or qp.value ~= QPN_CONTROL then return false end
  if buffer:len() < 5 or buffer(0, 4):uint() ~= MAGIC_MOVED then return false end
  dissect(buffer, pinfo, tree)
  return true
end

ringlane:register_heuristic("infiniband.payload", heuristic)
