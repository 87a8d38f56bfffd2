// The key-value service as client APIs see it (HTTP now, others later): requests in, answers out.
// Which node does the work is the service's business.
#ifndef GREY_KV_H_
#define GREY_KV_H_

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/status.h"

namespace grey {

enum class KvOperation : uint32_t { get = 0, put = 1, erase = 2 };
enum class KvConsistency : uint32_t { linearizable = 0, stale = 1 };

// Conditions on the revision a key has now.
enum class KvCondition : uint32_t {
  none = 0,
  revision_is = 1,  // If-Match: "REV"
  exists = 2,       // If-Match: *
  missing = 3,      // If-None-Match: *
};

// Outcomes in the words of the API's error codes, plus `ok`.
enum class KvCode : uint32_t {
  ok = 0,
  bad_request = 1,
  not_found = 2,
  condition_failed = 3,
  too_large = 4,
  busy = 5,
  not_implemented = 6,
  read_only = 7,
  no_quorum = 8,
  starting = 9,
  unknown_outcome = 10,
  no_space = 11,
  session_expired = 12,
  internal = 13,
};

inline constexpr uint64_t kAgeUnknown = ~uint64_t{0};

// One operation on one key. Grows at the end only.
struct KvRequest {
  uint32_t struct_size;
  KvOperation operation;
  KvConsistency consistency;  // get
  KvCondition condition;      // put, erase
  uint64_t revision;          // for revision_is
  uint64_t ttl_ms;            // 0: none. This version answers others with not_implemented
  uint64_t deadline_ns;       // of the caller's loop clock: how long to wait for a leader
  // put, erase; 1: session_id and serial count. A write sent again with the same of both is done
  // once and gets its first outcome, or session_expired when that is not known any more; serials
  // begin at 1, each is one write (docs/http-api.md, "Sessions").
  uint32_t has_session;
  uint32_t reserved;
  uint8_t session_id[16];
  uint64_t serial;
  BufferRef key;
  BufferRef value;  // put
};

struct KvResponse {
  uint32_t struct_size;
  KvCode code;
  uint64_t revision;    // of the key, after a put or for a get
  uint64_t expires_ms;  // 0: never
  uint64_t age_ms;      // stale get: how old the state may be; kAgeUnknown
  BufferRef value;      // get
  const char* message;  // for a person, "" when ok; borrowed until the call returns
};

class KvDone {
 public:
  // Once, on the caller's loop, never inside submit(). The response is borrowed until it returns.
  virtual void done(const KvResponse* response) noexcept = 0;

 protected:
  ~KvDone() = default;
};

// A page of keys over all shards, in order. Bytes stay the caller's until `done`.
struct KvRangeRequest {
  uint32_t struct_size;
  KvConsistency consistency;
  ByteView start;  // inclusive
  ByteView end;    // exclusive; empty: to the end
  uint32_t limit;
  uint32_t reverse;
  uint32_t keys_only;
  uint32_t reserved;
  uint64_t max_bytes;
  uint64_t deadline_ns;
};

// Frozen.
struct KvItem {
  ByteView key;
  ByteView value;
  uint64_t revision;
  uint64_t expires_ms;
};

class KvRangeDone {
 public:
  // Items borrowed until the call returns. `more`: the range goes on behind the last item. `age_ms`
  // of a stale range: the greatest of the shards asked; kAgeUnknown if one does not know its own.
  virtual void done(KvCode code, const char* message, const KvItem* items, uint32_t count,
                    bool more, uint64_t age_ms) noexcept = 0;

 protected:
  ~KvRangeDone() = default;
};

class KvDocumentDone {
 public:
  // `http_status` as the API would answer; `json` borrowed until the call returns.
  virtual void done(uint32_t http_status, ByteView json) noexcept = 0;

 protected:
  ~KvDocumentDone() = default;
};

class KvService : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.kv/1";

  // Requests for one key submitted on one loop take effect in the order of submission. The request
  // is copied; key and value are kept by reference. Any loop; `done` comes on `loop`, which is the
  // caller's.
  virtual void submit(Loop* loop, const KvRequest* request, KvDone* done) noexcept = 0;

  virtual void submit_range(Loop* loop, const KvRangeRequest* request,
                            KvRangeDone* done) noexcept = 0;

  // The documents of the API by name: "cluster/status", "cluster/members", "cluster/leader",
  // "cluster/replication", "readyz". Answers within a second whatever the cluster's condition.
  virtual void document(Loop* loop, const char* name, KvDocumentDone* done) noexcept = 0;

  // A change to the cluster by name: "members/add", "members/remove", "transfer", with its
  // arguments as a JSON object (copied). Answers at `deadline_ns` of the caller's loop clock at the
  // latest, whether it is done or not. What is not built answers 501.
  virtual void act(Loop* loop, const char* name, ByteView arguments, uint64_t deadline_ns,
                   KvDocumentDone* done) noexcept = 0;

 protected:
  ~KvService() = default;
};

}  // namespace grey

#endif  // GREY_KV_H_
