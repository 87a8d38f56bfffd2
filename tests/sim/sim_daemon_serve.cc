#include <cstring>

#include "grey/glue/plugin.h"
#include "sim_daemon.h"

namespace grey::sim {
namespace {

using Answer = std::function<void(ClientAnswer)>;
using testkit::kSecondNs;

constexpr uint64_t kReadTimeoutNs = 2 * kSecondNs;
// More than a follower waits for the confirmation of a read before it asks the leader.
constexpr uint64_t kServeTimeoutNs = 2800 * testkit::kMillisecondNs;

uint32_t group_of(const std::string& key) {
  return static_cast<uint32_t>(hash_of(view_of(key)) % kRegisterGroups);
}

std::string text_of_value(uint64_t value) {
  return "v" + std::to_string(value);
}

// One register command on its way; deletes itself.
class Proposing final : public RegisterProposal {
 public:
  Proposing(testkit::SimProcess* process, uint32_t group, Buffer payload, RaftJudge* judge,
            Answer answer)
      : process_(process),
        group_(group),
        payload_(std::move(payload)),
        judge_(judge),
        answer_(std::move(answer)) {}

  void resolved(ProposalOutcome outcome, Status, uint64_t index) noexcept override {
    ClientAnswer answer;
    switch (outcome) {
      case ProposalOutcome::committed:
        // The judge was not shown what a crashing process applied.
        if (!process_->doomed()) judge_->acknowledged(group_, index, hash_of(payload_.view()));
        answer.kind = mismatch ? ClientAnswer::Kind::mismatch : ClientAnswer::Kind::done;
        break;
      case ProposalOutcome::not_proposed:
      case ProposalOutcome::lost:
        answer.kind = ClientAnswer::Kind::not_done;
        break;
      case ProposalOutcome::unknown:
        break;
    }
    answer_(answer);
    delete this;
  }

 private:
  testkit::SimProcess* process_;
  const uint32_t group_;
  const Buffer payload_;
  RaftJudge* judge_;
  Answer answer_;
};

class Reading final : public ReadDone {
 public:
  explicit Reading(std::function<void(Status)> done) : done_(std::move(done)) {}
  void readable(Status status) noexcept override {
    done_(status);
    delete this;
  }

 private:
  std::function<void(Status)> done_;
};

class Submitting final : public KvDone {
 public:
  Submitting(OpKind kind, Answer answer) : kind_(kind), answer_(std::move(answer)) {}

  void done(const KvResponse* response) noexcept override {
    ClientAnswer answer;
    answer.revision = response->revision;
    switch (response->code) {
      case KvCode::ok:
        answer.kind = ClientAnswer::Kind::done;
        if (kind_ == OpKind::get) {
          answer.value =
              std::strtoull(string_of(view_of(response->value)).c_str() + 1, nullptr, 10);
        }
        break;
      case KvCode::not_found:  // of a get, or of an erase of what was not there
        answer.kind = ClientAnswer::Kind::done;
        answer.revision = 0;
        break;
      case KvCode::condition_failed:
        answer.kind = ClientAnswer::Kind::mismatch;
        break;
      case KvCode::unknown_outcome:
      case KvCode::internal:
        break;
      case KvCode::session_expired:
        answer.kind = ClientAnswer::Kind::forgotten;
        break;
      default:
        answer.kind = ClientAnswer::Kind::not_done;
    }
    answer_(answer);
    delete this;
  }

 private:
  const OpKind kind_;
  Answer answer_;
};

class Hashing final : public ScanDone {
 public:
  explicit Hashing(std::function<void(uint64_t)> done) : done_(std::move(done)) {}
  void page(Status status, const ScanItem* items, uint32_t count, bool) noexcept override {
    uint64_t hash = static_cast<uint64_t>(status.code) + count;
    for (uint32_t i = 0; i < count; ++i) {
      hash = (hash * 31 + hash_of(items[i].key)) * 31 + hash_of(items[i].value);
    }
    done_(hash);
    delete this;
  }

 private:
  std::function<void(uint64_t)> done_;
};

}  // namespace

void SimDaemon::serve(const ClientRequest& request, Answer answer) {
  // What a crashing process still says, nobody hears.
  const auto guarded = [this, answer = std::move(answer)](ClientAnswer result) {
    if (!process_->doomed()) answer(result);
  };
  if (!serving_) return guarded({ClientAnswer::Kind::not_done, 0, 0});
  if (options_.target == Target::kv) return serve_kv(request, guarded);
  serve_registers(request, guarded);
}

void SimDaemon::serve_registers(const ClientRequest& request, Answer answer) {
  const uint32_t number = group_of(request.key);
  testkit::SimLoop* loop = process_->loop(spy_->loop_of(number));
  loop->enqueue([this, number, request, answer] {
    if (stopping_) return answer({ClientAnswer::Kind::not_done, 0, 0});
    Group* group = groups_[number].get();
    if (!group) return answer({ClientAnswer::Kind::not_done, 0, 0});
    if (request.kind == OpKind::get) {
      RegisterMachine* machine = machines_[number].get();
      group->read_index(kReadTimeoutNs, new Reading([machine, request, answer](Status status) {
                          ClientAnswer result;
                          result.kind =
                              status.ok() ? ClientAnswer::Kind::done : ClientAnswer::Kind::not_done;
                          if (status.ok()) result.value = machine->value_of(request.key);
                          answer(result);
                        }));
      return;
    }
    RegisterCommand command = {request.kind, request.key, request.value, request.expected, {}};
    command.padding.assign(process_->world()->random().below(1200), 'x');
    const Buffer payload = Buffer::copy_of(encode(command));
    const BufferRef ref = payload.ref();
    group->propose(&ref, new Proposing(process_, number, payload, judge_, answer));
  });
}

void SimDaemon::serve_kv(const ClientRequest& request, Answer answer) {
  const auto index =
      static_cast<uint32_t>(process_->world()->random().below(process_->loop_count()));
  testkit::SimLoop* loop = process_->loop(index);
  loop->enqueue([this, loop, request, answer] {
    if (stopping_) return answer({ClientAnswer::Kind::not_done, 0, 0});
    const Buffer key = Buffer::copy_of(request.key);
    const Buffer value = Buffer::copy_of(text_of_value(request.value));
    KvRequest out = {};
    out.struct_size = sizeof(out);
    out.operation = request.kind == OpKind::get     ? KvOperation::get
                    : request.kind == OpKind::erase ? KvOperation::erase
                                                    : KvOperation::put;
    out.consistency = KvConsistency::linearizable;
    if (request.kind == OpKind::put_if) {
      out.condition = request.expected == 0 ? KvCondition::missing : KvCondition::revision_is;
      out.revision = request.expected_revision;
    }
    out.deadline_ns = loop->now_ns() + kServeTimeoutNs;
    if (request.serial != 0) {
      out.has_session = 1;
      std::memcpy(out.session_id, &request.client, sizeof(request.client));
      out.serial = request.serial;
    }
    out.key = key.ref();
    if (out.operation == KvOperation::put) out.value = value.ref();
    kv_->submit(loop, &out, new Submitting(request.kind, answer));
  });
}

void SimDaemon::hash_state(uint32_t group, std::function<void(uint64_t)> done) {
  testkit::SimLoop* loop = process_->loop(spy_->loop_of(group));
  loop->enqueue([this, loop, group, done] {
    if (options_.target == Target::registers) return done(machines_[group]->state_hash());
    ScanRequest request = {};
    request.struct_size = sizeof(request);
    request.partition = group;
    request.max_items = UINT32_MAX;
    request.max_bytes = UINT64_MAX;
    storage_->submit_scan(loop, &request, new Hashing(done));
  });
}

}  // namespace grey::sim
