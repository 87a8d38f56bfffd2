// The key-value service: forms or resumes the cluster, opens this node's replicas, and joins the
// parts (genesis, routers, gatherer) to the interfaces that the kernel and client APIs use.
#ifndef GREY_SERVICE_KV_SERVICE_H_
#define GREY_SERVICE_KV_SERVICE_H_

#include <memory>
#include <string>

#include "departure.h"
#include "gatherer.h"
#include "genesis.h"
#include "grey/glue/plugin.h"
#include "grey/kv.h"
#include "grey/service.h"
#include "router.h"
#include "transfers.h"

namespace grey::kv {

class KvPlugin final : public PluginBase,
                       private PeerHandler,
                       private MetricRefresher,
                       private Task {
 public:
  explicit KvPlugin(Host* host);

  Status start(ErrorText* error) noexcept override;
  void drain(Completion* done) noexcept override;
  void stop(Completion* done) noexcept override;

 private:
  ~KvPlugin() override;

  class ServiceFace final : public InterfaceOf<Service> {
   public:
    explicit ServiceFace(KvPlugin* plugin) : InterfaceOf(plugin), plugin_(plugin) {}
    bool ready() noexcept override { return plugin_->ready_.load(); }

   private:
    KvPlugin* plugin_;
  };
  class KvFace final : public InterfaceOf<KvService> {
   public:
    explicit KvFace(KvPlugin* plugin) : InterfaceOf(plugin), plugin_(plugin) {}
    void submit(Loop* loop, const KvRequest* request, KvDone* done) noexcept override;
    void submit_range(Loop* loop, const KvRangeRequest* request,
                      KvRangeDone* done) noexcept override;
    void document(Loop* loop, const char* name, KvDocumentDone* done) noexcept override;
    void act(Loop* loop, const char* name, ByteView arguments, uint64_t deadline_ns,
             KvDocumentDone* done) noexcept override;

   private:
    KvPlugin* plugin_;
  };

  // PeerHandler.
  uint32_t loop_of(uint32_t route) noexcept override;
  void on_message(uint32_t from, uint32_t route, const BufferRef* payload,
                  const PeerInfo* info) noexcept override;
  bool handle(uint32_t from, uint32_t loop, const BufferRef* payload, const PeerInfo* info);
  void refresh() noexcept override;  // metrics
  void run() noexcept override;      // the timer on loop 0

  void make_instruments();
  void joined(const GenesisRecord& record);
  void open_partitions(std::shared_ptr<const Topology> topology);
  void begin(std::shared_ptr<const Topology> topology, std::vector<OpenedPartition> partitions);
  void serve(std::shared_ptr<const Topology> topology);
  void flush_engine();
  // Runs on every loop, then `after` on loop 0.
  void on_every_loop(std::function<void(Router*)> each, std::function<void()> after);
  void finish_stop(Completion* done);

  ServiceFace service_face_{this};
  KvFace kv_face_{this};
  RouterShared shared_;
  ClusterSettings yaml_;
  std::unique_ptr<Genesis> genesis_;
  std::unique_ptr<Gatherer> gatherer_;
  std::unique_ptr<Transfers> transfers_;
  std::unique_ptr<Departure> departure_;
  std::atomic<bool> ready_{false};
  bool stopping_ = false;
  Ref<Timer> timer_;
  uint64_t last_flush_ns_ = 0;
  // Of the unflushed bytes those that the last flush did not take: they wait for their time, since
  // asking for them at every turn of the timer makes no room.
  uint64_t refused_bytes_ = 0;
  bool flushing_ = false;
  std::atomic<uint64_t> malformed_logged_ns_{0};
  Ref<Instrument> used_bytes_;
  bool refreshing_ = false;
  bool handling_ = false;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_SERVICE_H_
