// How the state of a group moves to a replica that the log cannot bring up any more: one side reads
// a frozen view in chunks, the other takes them in. Part of kind "consensus"; implemented by
// services, beside their StateMachine. All calls on the group's loop.
#ifndef GREY_SNAPSHOT_H_
#define GREY_SNAPSHOT_H_

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/plugin.h"
#include "grey/status.h"

namespace grey {

// The state of a group that a snapshot or an engine holds.
struct AppliedState {
  uint64_t index;
  uint64_t term;
};

class SnapshotChunkDone {
 public:
  // The bytes at the offset asked for (whoever keeps them retains their owner); `last` when nothing
  // follows. `expired`: the view is gone, start again with a new one.
  virtual void chunk(Status status, const BufferRef* bytes, bool last) noexcept = 0;

 protected:
  ~SnapshotChunkDone() = default;
};

// How far a snapshot has been taken in. Frozen.
struct SnapshotProgress {
  uint64_t offset;    // bytes of the stream before it
  uint32_t checksum;  // CRC-32C of them
  uint32_t reserved;
  ByteView cursor;  // the state machine's own word for the place; empty at offset 0
};

// A frozen view of a state machine, read in chunks in one order. Release ends it.
class SnapshotReader : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.snapshot_reader/1";

  virtual AppliedState state() noexcept = 0;
  // The next chunk, about `max_bytes`. One at a time.
  virtual void read_next(uint64_t max_bytes, SnapshotChunkDone* done) noexcept = 0;
  // The next chunk is the one behind `cursor`, which the writer of an earlier transfer from this
  // view gave (empty: the first). Not during read_next. `unsupported`: only the first.
  virtual Status seek(ByteView cursor) noexcept = 0;

 protected:
  ~SnapshotReader() = default;
};

// Takes a snapshot in. Until `commit` completes the old state stays in force. What was written may
// outlive a release without commit, and the process, for a writer with the same state and label.
class SnapshotWriter : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.snapshot_writer/1";

  // How far an earlier writer came: the next chunk is to be the one from there. All zero: the
  // first. `cursor` is borrowed until the next call.
  virtual void progress(SnapshotProgress* out) noexcept = 0;
  // One chunk, in order; one at a time. Bytes are borrowed until `done`. `checksum`: CRC-32C of the
  // stream up to the chunk's end, for a later progress(). `busy`: nothing was done; the same chunk
  // is written again later.
  virtual void write(ByteView chunk, uint32_t checksum, Completion* done) noexcept = 0;
  // Switches to the new state in one atomic step and makes it durable (with its applied index and
  // label) before completion. `busy`: nothing was done, and the writer is spent; any other failure:
  // nobody knows which state is in force, and the replica stops.
  virtual void commit(Completion* done) noexcept = 0;

 protected:
  ~SnapshotWriter() = default;
};

}  // namespace grey

#endif  // GREY_SNAPSHOT_H_
