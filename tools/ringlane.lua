-- Wireshark dissectors of what ringlane says over RoCEv2 and InfiniBand.
--
-- Control messages: UD SENDs to the control queue pair 0xfffffe. Layouts are drawn in src/gqp/moved.ts, and of moves between hosts in
-- src/migrate/wire/pieces.ts and codec.ts.
--
--   tshark -X lua_script:tools/ringlane.lua -r FILE -Y ringlane
--
-- Aggregates: messages of many streams in one RC SEND or WRITE, in one packet or several. Drawn in assembly/path/stream.ts. Nothing in
-- the bytes says that they are one, so the queue pairs that get them are named, or it is tried on every transfer of one packet.
--
--   tshark -X lua_script:tools/ringlane.lua -o ringlane_aggregate.qps:17-19,4711 -r FILE -Y ringlane_aggregate
--   tshark -X lua_script:tools/ringlane.lua -o ringlane_aggregate.guess:TRUE -r FILE -Y ringlane_aggregate
--
-- With an immediate, what a session says beside them: records about its streams, or bytes of one stream.

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

-- Moves: packets in pieces. What is in a packet shows where it is one piece, and not sealed.
local move = Proto("ringlane_move", "ringlane move")
local MAGIC_MOVE = 0x524c4d47
local PIECE_HEADER_BYTES = 16
local MESSAGES = {
  [0] = "acknowledgment", "reserve", "reserved", "refused", "chunk", "complete", "failed", "live", "done", "kept", "released",
  "frame", "flushed", "probe", "void", [255] = "unknown move",
}

local m = {
  version = ProtoField.uint8("ringlane.move.version", "Version"),
  piece = ProtoField.uint16("ringlane.move.piece", "Piece"),
  packet = ProtoField.uint32("ringlane.move.packet", "Packet"),
  pieces = ProtoField.uint16("ringlane.move.pieces", "Pieces"),
  length = ProtoField.uint16("ringlane.move.length", "Length"),
  part = ProtoField.bytes("ringlane.move.part", "Part of a packet"),
  name = ProtoField.string("ringlane.move.name", "Move"),
  ack = ProtoField.uint32("ringlane.move.ack", "Acknowledged"),
  kind = ProtoField.uint8("ringlane.move.kind", "Message", base.DEC, MESSAGES),
  number = ProtoField.uint32("ringlane.move.number", "Number"),
  body = ProtoField.bytes("ringlane.move.body", "Body"),
}
move.fields = m

local function dissect_packet(buffer, pinfo, tree)
  if buffer:len() < 2 then return false end
  local name_bytes = buffer(0, 2):uint()
  local at = 2 + name_bytes
  if buffer:len() < at + 5 then return false end
  local kind = buffer(at + 4, 1):uint()
  local word = MESSAGES[kind]
  local has_number = kind ~= 0 and kind ~= 255
  if word == nil or (has_number and buffer:len() < at + 9) then return false end
  tree:add(m.name, buffer(2, name_bytes))
  tree:add(m.ack, buffer(at, 4))
  tree:add(m.kind, buffer(at + 4, 1))
  local where = "Move: " .. word
  if has_number then
    tree:add(m.number, buffer(at + 5, 4))
    where = where .. string.format(" (%d)", buffer(at + 5, 4):uint())
    if buffer:len() > at + 9 then tree:add(m.body, buffer(at + 9)) end
  end
  pinfo.cols.info = where
  tree:append_text(", " .. where)
  return true
end

function move.dissector(buffer, pinfo, tree)
  pinfo.cols.protocol = "ringlane"
  local root = tree:add(move, buffer())
  root:add(m.version, buffer(4, 1))
  root:add(m.piece, buffer(6, 2))
  root:add(m.packet, buffer(8, 4))
  root:add(m.pieces, buffer(12, 2))
  root:add(m.length, buffer(14, 2))
  local pieces = buffer(12, 2):uint()
  local length = math.min(buffer(14, 2):uint(), buffer:len() - PIECE_HEADER_BYTES)
  if length == 0 then return buffer:len() end
  local part = buffer(PIECE_HEADER_BYTES, length):tvb()
  if pieces == 1 and dissect_packet(part, pinfo, root) then return buffer:len() end
  root:add(m.part, buffer(PIECE_HEADER_BYTES, length))
  pinfo.cols.info = string.format("Move: packet %d, piece %d of %d", buffer(8, 4):uint(), buffer(6, 2):uint() + 1, pieces)
  return buffer:len()
end

local function move_heuristic(buffer, pinfo, tree)
  local qp = dest_qp()
  if not qp or qp.value ~= QPN_CONTROL then return false end
  if buffer:len() < PIECE_HEADER_BYTES or buffer(0, 4):uint() ~= MAGIC_MOVE then return false end
  move.dissector(buffer, pinfo, tree)
  return true
end

move:register_heuristic("infiniband.payload", move_heuristic)

local RECORDS = { "open", "accept", "refuse", "credit", "closed" }
local OPEN, CREDIT, RECORD_BYTES = 1, 4, 8
-- Immediates of a session's transfers: kind 4, and for bytes of one stream the low 12 bits of their sequence, and the stream's 16.
local CONTROL, WHOLE = 1, 2
local aggregate = Proto("ringlane_aggregate", "ringlane aggregate")

local SUB_HEADER_BYTES = 6
local SUB_LENGTH_MAX = 0xfff
local MORE, FIN, RST, URGENT = 0x8000, 0x4000, 0x2000, 0x1000
local FLAG_NAMES = { { MORE, "MORE" }, { FIN, "FIN" }, { RST, "RST" }, { URGENT, "URGENT" } }

aggregate.prefs.qps = Pref.range("Queue pairs", "", "Destination queue pairs whose SENDs and WRITEs are aggregates", 0xffffff)
aggregate.prefs.guess = Pref.bool("Guess", false, "Any SEND or WRITE of one packet that reads as two sub-frames or more is an aggregate")

local a = {
  count = ProtoField.uint32("ringlane.aggregate.count", "Sub-frames"),
  part = ProtoField.bytes("ringlane.aggregate.part", "Part of a transfer"),
  stream = ProtoField.uint16("ringlane.aggregate.stream", "Stream"),
  sequence = ProtoField.uint16("ringlane.aggregate.sequence", "Sequence"),
  flags = ProtoField.uint16("ringlane.aggregate.flags", "Flags", base.HEX, nil, 0xf000),
  more = ProtoField.bool("ringlane.aggregate.more", "More", 16, nil, MORE),
  fin = ProtoField.bool("ringlane.aggregate.fin", "Fin", 16, nil, FIN),
  rst = ProtoField.bool("ringlane.aggregate.rst", "Reset", 16, nil, RST),
  urgent = ProtoField.bool("ringlane.aggregate.urgent", "Urgent", 16, nil, URGENT),
  length = ProtoField.uint16("ringlane.aggregate.length", "Length", base.DEC, nil, SUB_LENGTH_MAX),
  data = ProtoField.bytes("ringlane.aggregate.data", "Data"),
  record = ProtoField.none("ringlane.session.record", "Record"),
  record_type = ProtoField.uint8("ringlane.session.type", "Type", base.DEC, RECORDS),
  sequence_low = ProtoField.uint16("ringlane.session.sequence", "Sequence, low bits", base.DEC, nil, 0x0fff),
  record_stream = ProtoField.uint16("ringlane.session.stream", "Stream"),
  record_from = ProtoField.uint16("ringlane.session.from_port", "From port"),
  record_port = ProtoField.uint16("ringlane.session.port", "Port"),
  record_value = ProtoField.uint32("ringlane.session.credit", "Bytes more"),
}
aggregate.fields = a

local malformed = ProtoExpert.new("ringlane.aggregate.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
aggregate.experts = { malformed }

local opcode = Field.new("infiniband.bth.opcode")
local pad_count = Field.new("infiniband.bth.padcnt")
local psn = Field.new("infiniband.bth.psn")
local immediate = Field.new("infiniband.immdt")

-- Reliable connection: where in its transfer a packet stands (IBTA volume 1, 9.2.1).
local FIRST, MIDDLE, LAST, ONLY = 1, 2, 3, 4
local PLACES = {
  [0x00] = FIRST, [0x01] = MIDDLE, [0x02] = LAST, [0x03] = LAST, [0x04] = ONLY, [0x05] = ONLY,
  [0x06] = FIRST, [0x07] = MIDDLE, [0x08] = LAST, [0x09] = LAST, [0x0a] = ONLY, [0x0b] = ONLY,
  [0x16] = LAST, [0x17] = ONLY,
}

-- The sub-frame at a place, and what is wrong with it.
local function read_sub_frame(buffer, at)
  local left = buffer:len() - at - SUB_HEADER_BYTES
  if left < 0 then return nil, "ends inside a sub-header" end
  local word = buffer(at + 4, 2):uint()
  local frame = { flags = bit.band(word, 0xf000), said = bit.band(word, SUB_LENGTH_MAX) }
  frame.len = frame.said
  local exclusive = 0
  for _, flag in ipairs({ MORE, FIN, RST }) do
    if bit.band(word, flag) ~= 0 then exclusive = exclusive + 1 end
  end
  if exclusive > 1 then return frame, "more than one of MORE, FIN and RST" end
  if frame.said > 0 then
    if bit.band(word, RST) ~= 0 then return frame, "RST with bytes" end
    if frame.said > left then return frame, "a message's length beyond the transfer" end
  elseif bit.band(word, FIN + RST) == 0 then
    if left <= SUB_LENGTH_MAX then return frame, "length 0 where under 4096 bytes are left" end
    frame.len = left
  end
  return frame, nil
end

local function flags_text(flags)
  local names = {}
  for _, each in ipairs(FLAG_NAMES) do
    if bit.band(flags, each[1]) ~= 0 then names[#names + 1] = each[2] end
  end
  return #names > 0 and " " .. table.concat(names, " ") or ""
end

local function add_sub_frame(root, buffer, at, frame, why)
  local bytes = buffer(at, SUB_HEADER_BYTES + (why and 0 or frame.len))
  local name = string.format("Stream %d, sequence %d, %d bytes%s", buffer(at, 2):uint(), buffer(at + 2, 2):uint(), frame.len, flags_text(frame.flags))
  local item = root:add(aggregate, bytes, name)
  item:add(a.stream, buffer(at, 2))
  item:add(a.sequence, buffer(at + 2, 2))
  local flags = item:add(a.flags, buffer(at + 4, 2))
  for _, each in ipairs({ a.more, a.fin, a.rst, a.urgent }) do flags:add(each, buffer(at + 4, 2)) end
  local length = item:add(a.length, buffer(at + 4, 2))
  if frame.said == 0 and frame.len > 0 then length:append_text(" (the rest of the transfer)") end
  if not why and frame.len > 0 then item:add(a.data, buffer(at + SUB_HEADER_BYTES, frame.len)) end
  return item
end

-- A whole aggregate. Sub-frames before a bad one are shown, though a receiver delivers none of them.
local function dissect_aggregate(buffer, pinfo, tree)
  pinfo.cols.protocol = "ringlane"
  local root = tree:add(aggregate, buffer())
  local at, count, streams, distinct = 0, 0, {}, 0
  local info
  while at < buffer:len() do
    local frame, why = read_sub_frame(buffer, at)
    local item = frame and add_sub_frame(root, buffer, at, frame, why) or root
    if why then
      item:add_proto_expert_info(malformed, "Malformed aggregate: " .. why)
      info = "Malformed aggregate: " .. why
      break
    end
    local stream = buffer(at, 2):uint()
    if not streams[stream] then streams[stream], distinct = true, distinct + 1 end
    count = count + 1
    at = at + SUB_HEADER_BYTES + frame.len
  end
  root:add(a.count, count):set_generated()
  info = info or string.format("Aggregate: %d sub-frames of %d streams", count, distinct)
  pinfo.cols.info = info
  root:append_text(", " .. info)
end

-- What a session says beside its aggregates, by the immediate (src/rdma/aggregator/transfer.ts, control.ts).
local function dissect_controls(buffer, pinfo, tree)
  pinfo.cols.protocol = "ringlane"
  local root = tree:add(aggregate, buffer(), "ringlane session")
  local words = {}
  for at = 0, buffer:len() - RECORD_BYTES, RECORD_BYTES do
    local kind, stream = buffer(at, 1):uint(), buffer(at + 2, 2):uint()
    local name = string.format("%s %d", RECORDS[kind] or "unknown", stream)
    local item = root:add(a.record, buffer(at, RECORD_BYTES))
    item:set_text(name)
    item:add(a.record_type, buffer(at, 1))
    item:add(a.record_stream, buffer(at + 2, 2))
    if kind == OPEN then
      item:add(a.record_from, buffer(at + 4, 2))
      item:add(a.record_port, buffer(at + 6, 2))
    elseif kind == CREDIT then
      item:add(a.record_value, buffer(at + 4, 4))
    end
    words[#words + 1] = name
  end
  pinfo.cols.info = "Session: " .. table.concat(words, ", ")
end

local function dissect_whole(buffer, pinfo, tree, imm)
  local stream = imm(2, 2)
  pinfo.cols.protocol = "ringlane"
  pinfo.cols.info = string.format("Stream %d, %d bytes", stream:uint(), buffer:len())
  local root = tree:add(aggregate, buffer(), "ringlane, " .. tostring(pinfo.cols.info))
  root:add(a.record_stream, stream)
  root:add(a.sequence_low, imm(0, 2))
  root:add(a.data, buffer())
end

-- A transfer that is whole: what its immediate says, or an aggregate.
local function dissect_transfer(buffer, pinfo, tree)
  local imm = immediate()
  local kind = imm and imm.range(0, 1):bitfield(0, 4)
  if kind == CONTROL then
    dissect_controls(buffer, pinfo, tree)
  elseif kind == WHOLE then
    dissect_whole(buffer, pinfo, tree, imm.range)
  else
    dissect_aggregate(buffer, pinfo, tree)
  end
end

aggregate.dissector = function(buffer, pinfo, tree)
  dissect_aggregate(buffer, pinfo, tree)
  return buffer:len()
end

-- A wrong guess is worse than none: two sub-frames or more, all sound.
local function reads_as_aggregate(buffer)
  local at, count = 0, 0
  while at < buffer:len() do
    local frame, why = read_sub_frame(buffer, at)
    if why then return false end
    count = count + 1
    at = at + SUB_HEADER_BYTES + frame.len
  end
  return count > 1
end

local function is_named(qp)
  for first, dash, last in string.gmatch(aggregate.prefs.qps, "(%d+)(%-?)(%d*)") do
    local from = tonumber(first)
    if qp >= from and qp <= (dash == "-" and tonumber(last) or from) then return true end
  end
  return false
end

-- Transfers of several packets: what came of each so far, by connection; by number the packets that were kept, and for each last packet
-- what came before it. Wireshark's first pass may go without the fields that this reads, so whichever pass comes first in order counts.
local parts, kept, before = {}, {}, {}

function aggregate.init()
  parts, kept, before = {}, {}, {}
end

-- Keeps a packet of a longer transfer; returns the bytes before the last one, nil when some are missing.
local function keep_part(place, buffer, pinfo, qp)
  if kept[pinfo.number] then return before[pinfo.number] end
  local key = string.format("%s %s %d", tostring(pinfo.src), tostring(pinfo.dst), qp)
  local number = psn().value
  local part = parts[key]
  if place == FIRST then
    part = { bytes = ByteArray.new(), due = number }
  elseif part and part.due ~= number then
    part = nil
  end
  parts[key] = part
  if not part then return nil end
  kept[pinfo.number] = true
  if place == LAST then
    parts[key] = nil
    before[pinfo.number] = part.bytes
    return part.bytes
  end
  part.bytes:append(buffer:bytes())
  part.due = (number + 1) % 0x1000000
  return nil
end

local function dissect_part(place, buffer, pinfo, tree, qp)
  local earlier = keep_part(place, buffer, pinfo, qp)
  if place == LAST and earlier then
    local whole = ByteArray.new()
    whole:append(earlier)
    whole:append(buffer:bytes())
    dissect_transfer(whole:tvb("Aggregate"), pinfo, tree)
    return
  end
  pinfo.cols.protocol = "ringlane"
  pinfo.cols.info = "Part of a transfer"
  tree:add(aggregate, buffer(), "ringlane transfer, part"):add(a.part, buffer())
end

local function aggregate_heuristic(buffer, pinfo, tree)
  local op, qp, pad = opcode(), dest_qp(), pad_count()
  local place = op and qp and PLACES[op.value]
  if not place then return false end
  local len = buffer:len() - (pad and pad.value or 0)
  if len <= 0 then return false end
  local payload = buffer(0, len):tvb()
  if is_named(qp.value) then
    if place == ONLY then dissect_transfer(payload, pinfo, tree) else dissect_part(place, payload, pinfo, tree, qp.value) end
    return true
  end
  if not aggregate.prefs.guess or place ~= ONLY or not reads_as_aggregate(payload) then return false end
  dissect_aggregate(payload, pinfo, tree)
  return true
end

aggregate:register_heuristic("infiniband.payload", aggregate_heuristic)
