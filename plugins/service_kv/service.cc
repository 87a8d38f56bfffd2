#include "service.h"

#include <utility>

#include "documents.h"
#include "range.h"

namespace grey::kv {
namespace {

constexpr uint64_t kIdleTimerNs = 1'000'000'000;
constexpr uint64_t kFlushBytes = 64 << 20;
constexpr uint64_t kFlushNs = 30'000'000'000;
constexpr uint64_t kTransferHoldNs = 600'000'000'000;
constexpr uint64_t kComplaintNs = 1'000'000'000;

template <typename Interface>
Interface* needed(Host* host) {
  return static_cast<Interface*>(host->interface_of(Interface::kInterfaceId));
}

// Tells `done` on its loop; callable on any.
auto answer_on(Loop* loop, KvDocumentDone* done) {
  return [loop, done](Document document) {
    post(loop, [done, document = std::move(document)] {
      done->done(document.http_status, view_of(document.json));
    });
  };
}

}  // namespace

KvPlugin::KvPlugin(Host* host) : PluginBase(host) {
  expose(Service::kInterfaceId, &service_face_);
  expose(KvService::kInterfaceId, &kv_face_);
  shared_.host = host;
}

KvPlugin::~KvPlugin() = default;

Status KvPlugin::start(ErrorText* error) noexcept {
  shared_.storage = needed<Storage>(host());
  shared_.consensus = needed<Consensus>(host());
  if (!shared_.storage || !shared_.consensus) {
    set_error(error, "the key-value service needs a storage and a consensus plugin");
    return make_status(StatusCode::failed_precondition);
  }
  ConfigView* config = host()->config();
  shared_.max_key_bytes = config->size_bytes("limits.key", shared_.max_key_bytes);
  shared_.max_value_bytes = config->size_bytes("limits.value", shared_.max_value_bytes);
  shared_.session_retention_ms =
      config->duration_ns("session_retention", shared_.session_retention_ms * 1'000'000) /
      1'000'000;
  yaml_ = read_settings(config);
  make_instruments();
  for (uint32_t i = 0; i < host()->loop_count(); ++i) {
    shared_.routers.push_back(std::make_unique<Router>(&shared_, i));
  }
  for (auto& router : shared_.routers) {
    post(router->own_loop(), [listener = router.get()] { listener->listen(); });
  }
  timer_ = Ref<Timer>::adopt(host()->loop(0)->make_timer(this));
  timer_->arm(host()->loop(0)->now_ns() + kIdleTimerNs);
  genesis_ = std::make_unique<Genesis>(host(), yaml_,
                                       [this](const GenesisRecord& record) { joined(record); });
  gatherer_ =
      std::make_unique<Gatherer>(&shared_, yaml_, genesis_.get(), needed<Membership>(host()));
  transfers_ = std::make_unique<Transfers>(&shared_, gatherer_.get(),
                                           config->duration_ns("transfer_hold", kTransferHoldNs));
  departure_ = std::make_unique<Departure>(
      &shared_, gatherer_.get(),
      [this](auto each, auto after) { on_every_loop(std::move(each), std::move(after)); });
  host()->peers()->set_handler(kChannelService, this);
  handling_ = true;
  host()->metrics_hub()->add_refresher(this);
  refreshing_ = true;
  return genesis_->start(error);
}

void KvPlugin::make_instruments() {
  Meter* meter = host()->meter();
  const auto make = [meter](MetricKind kind, const char* name, const char* help) {
    return Ref<Instrument>::adopt(meter->instrument(kind, name, help, "", nullptr, 0));
  };
  used_bytes_ = make(MetricKind::gauge, "grey_storage_used_bytes",
                     "Bytes that the storage engine uses on disk.");
  shared_.forwarded = make(MetricKind::counter, "grey_kv_forwarded_total",
                           "Operations sent to the node that leads their shard.");
  shared_.malformed = make(MetricKind::counter, "grey_kv_malformed_messages_total",
                           "Messages of other nodes that could not be understood.");
  shared_.waiting =
      make(MetricKind::gauge, "grey_kv_waiting_operations", "Operations that wait for a leader.");
  shared_.sessions = make(MetricKind::gauge, "grey_kv_sessions",
                          "Clients with sessions that the replicas of this node remember, once for "
                          "each shard that they wrote to.");
  shared_.repeated = make(MetricKind::counter, "grey_kv_deduplicated_writes_total",
                          "Writes proposed here whose session showed that they had been done: they "
                          "were answered with the first outcome.");
}

void KvPlugin::joined(const GenesisRecord& record) {
  Identity identity{};
  identity.struct_size = sizeof(identity);
  host()->identity(&identity);
  open_partitions(
      make_topology(record, identity.number,
                    host()->config()->duration_ns("consensus.election_timeout", 1'000'000'000)));
}

void KvPlugin::open_partitions(std::shared_ptr<const Topology> topology) {
  if (stopping_) return;
  retain();
  const bool queued = submit(host()->workers(), [this, topology] {
    std::vector<OpenedPartition> partitions(topology->groups());
    for (uint32_t group = 0; group < topology->groups(); ++group) {
      auto& [status, state] = partitions[group];
      state.struct_size = sizeof(PartitionState);
      if (topology->own_replica(group)) status = shared_.storage->open_partition(group, &state);
    }
    post(host()->loop(0), [this, topology, opened = std::move(partitions)]() mutable {
      const auto self = Ref<KvPlugin>::adopt(this);
      if (!stopping_) begin(topology, std::move(opened));
    });
  });
  if (queued) return;
  release();
  post(host()->loop(0), [this, topology] { open_partitions(topology); });
}

void KvPlugin::begin(std::shared_ptr<const Topology> topology,
                     std::vector<OpenedPartition> partitions) {
  auto shared = std::make_shared<std::vector<OpenedPartition>>(std::move(partitions));
  on_every_loop([topology, shared](Router* router) { router->begin(topology, *shared); },
                [this, topology] { serve(topology); });
}

void KvPlugin::serve(std::shared_ptr<const Topology> topology) {
  if (stopping_) return;
  gatherer_->set_topology(topology);
  transfers_->set_topology(topology);
  for (const std::string& difference : settings_differences(yaml_, topology->record.settings)) {
    log_line(host(), LogLevel::warning, difference);
  }
  ready_ = true;
  log_line(host(), LogLevel::info, "serving ", topology->shards(), " shards as node ",
           topology->own_number, " of ", topology->record.members.size());
}

void KvPlugin::on_every_loop(std::function<void(Router*)> each, std::function<void()> after) {
  retain();
  auto missing = std::make_shared<uint32_t>(host()->loop_count());
  auto shared_each = std::make_shared<std::function<void(Router*)>>(std::move(each));
  auto shared_after = std::make_shared<std::function<void()>>(std::move(after));
  for (auto& router : shared_.routers) {
    post(router->own_loop(), [this, one = router.get(), missing, shared_each, shared_after] {
      (*shared_each)(one);
      post(host()->loop(0), [this, missing, shared_after] {
        if (--*missing != 0) return;
        const auto self = Ref<KvPlugin>::adopt(this);
        (*shared_after)();
      });
    });
  }
}

uint32_t KvPlugin::loop_of(uint32_t route) noexcept {
  return route % host()->loop_count();
}

void KvPlugin::on_message(uint32_t from, uint32_t route, const BufferRef* payload,
                          const PeerInfo* info) noexcept {
  const uint32_t loop = loop_of(route);
  if (handle(from, loop, payload, info)) return;
  shared_.malformed->add(1);
  const uint64_t now_ns = host()->loop(loop)->now_ns();
  const uint64_t logged_ns = malformed_logged_ns_.load();
  if (logged_ns != 0 && now_ns - logged_ns < kComplaintNs) return;
  malformed_logged_ns_ = now_ns;
  log_line(host(), LogLevel::warning, "a message of node ", from,
           " to the key-value service cannot be understood and is dropped");
}

bool KvPlugin::handle(uint32_t from, uint32_t loop, const BufferRef* payload,
                      const PeerInfo* info) {
  if (payload->size < 2 || from == 0) return false;
  switch (static_cast<MessageType>(payload->data[0])) {
    case MessageType::genesis_state:
    case MessageType::genesis_offer:
    case MessageType::genesis_accept:
    case MessageType::genesis_commit:
      return loop == 0 && genesis_->on_message(from, info, view_of(*payload));
    case MessageType::forward_requests:
    case MessageType::forward_replies:
      return shared_.routers[loop]->on_message(from, payload);
    case MessageType::report_request:
    case MessageType::report_reply:
      return loop == 0 && gatherer_->on_message(from, view_of(*payload));
    case MessageType::transfer_orders:
    case MessageType::transfer_results:
      return loop == 0 && transfers_->on_message(from, view_of(*payload));
    default:
      return false;
  }
}

void KvPlugin::refresh() noexcept {
  StorageStatistics statistics{};
  statistics.struct_size = sizeof(statistics);
  shared_.storage->statistics(&statistics);
  used_bytes_->set(static_cast<double>(statistics.used_bytes));
}

void KvPlugin::run() noexcept {
  if (stopping_) return;
  flush_engine();
  timer_->arm(host()->loop(0)->now_ns() + kIdleTimerNs);
}

// Now and then everything is made durable, so that the consensus log can be cut.
void KvPlugin::flush_engine() {
  const uint64_t now_ns = host()->loop(0)->now_ns();
  const uint64_t bytes = shared_.unflushed_bytes.load();
  if (flushing_ || bytes == 0) return;
  if (bytes - refused_bytes_ < kFlushBytes && now_ns - last_flush_ns_ < kFlushNs) return;
  flushing_ = true;
  last_flush_ns_ = now_ns;
  retain();
  shared_.storage->submit_flush(
      host()->loop(0), completion([this, bytes](Status status) {
        const auto self = Ref<KvPlugin>::adopt(this);
        flushing_ = false;
        refused_bytes_ = status.ok() ? 0 : bytes;
        if (status.ok()) {
          shared_.unflushed_bytes -= bytes;
          return;
        }
        log_line(host(), LogLevel::warning,
                 "the storage engine could not be flushed: ", describe(status));
      }));
}

void KvPlugin::drain(Completion* done) noexcept {
  shared_.draining = true;
  if (gatherer_) gatherer_->set_drain();
  if (!departure_) return done->complete(ok_status());
  departure_->begin(done);
}

void KvPlugin::stop(Completion* done) noexcept {
  stopping_ = true;
  ready_ = false;
  shared_.draining = true;
  timer_ = {};
  if (handling_) host()->peers()->set_handler(kChannelService, nullptr);
  if (refreshing_) host()->metrics_hub()->remove_refresher(this);
  if (genesis_) genesis_->stop();
  if (departure_) departure_->stop();
  if (transfers_) transfers_->stop();
  if (gatherer_) gatherer_->stop();
  if (shared_.routers.empty()) return done->complete(ok_status());
  auto missing = std::make_shared<uint32_t>(host()->loop_count());
  for (auto& router : shared_.routers) {
    post(router->own_loop(), [this, one = router.get(), missing, done] {
      one->stop(completion([this, missing, done](Status) {
        post(host()->loop(0), [this, missing, done] {
          if (--*missing == 0) finish_stop(done);
        });
      }));
    });
  }
}

// What the loops still hand each other arrives within two rounds: there, and back. After those each
// router is destroyed on its own loop, where its timers belong.
void KvPlugin::finish_stop(Completion* done) {
  const auto nothing = [](Router*) {};
  const auto destroy = [this](Router* router) {
    shared_.routers[router->own_loop()->index()].reset();
  };
  const auto end = [this, done] {
    shared_.routers.clear();
    departure_.reset();
    transfers_.reset();
    gatherer_.reset();
    genesis_.reset();
    done->complete(ok_status());
  };
  on_every_loop(nothing, [this, nothing, destroy, end] {
    on_every_loop(nothing, [this, destroy, end] { on_every_loop(destroy, end); });
  });
}

void KvPlugin::KvFace::submit(Loop* loop, const KvRequest* request, KvDone* done) noexcept {
  plugin_->shared_.routers[loop->index()]->submit(request, done);
}

void KvPlugin::KvFace::submit_range(Loop* loop, const KvRangeRequest* request,
                                    KvRangeDone* done) noexcept {
  RangeJob::start(&plugin_->shared_, plugin_->shared_.routers[loop->index()].get(), loop, *request,
                  done);
}

void KvPlugin::KvFace::document(Loop* loop, const char* name, KvDocumentDone* done) noexcept {
  KvPlugin* plugin = plugin_;
  post(plugin->host()->loop(0),
       [plugin, wanted = std::string(name), answer = answer_on(loop, done)] {
         if (plugin->stopping_) {
           answer(error_document(503, "starting", "this node is being stopped", true));
           return;
         }
         plugin->gatherer_->gather(
             [answer, wanted](const ClusterView& view) { answer(make_document(wanted, view)); });
       });
}

void KvPlugin::KvFace::act(Loop* loop, const char* name, ByteView arguments, uint64_t deadline_ns,
                           KvDocumentDone* done) noexcept {
  KvPlugin* plugin = plugin_;
  const auto answer = answer_on(loop, done);
  if (std::string_view(name) != "transfer") {
    const std::string text =
        std::string("this version does not implement the change \"") + name + "\"";
    answer(error_document(501, "not_implemented", text, false));
    return;
  }
  post(plugin->host()->loop(0), [plugin, body = string_of(arguments), deadline_ns, answer] {
    if (plugin->stopping_) {
      answer(error_document(503, "starting", "this node is being stopped", true));
      return;
    }
    plugin->transfers_->request(view_of(body), deadline_ns, answer);
  });
}

}  // namespace grey::kv
