#include "emit/stitch.h"

#include <map>
#include <set>

#include "base/check.h"
#include "hdl/builder.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"
#include "kernel/fifo/fifo.h"

namespace sluice::emit {
namespace {

using ModulePtr = std::shared_ptr<const hdl::Module>;

/// Every module once, in the order in which they were finished: leaves first.
class Library {
 public:
  ModulePtr add(hdl::Module module) {
    SLUICE_CHECK(names_.insert(module.name).second, "module names are unique in a design");
    modules_.push_back(std::make_shared<const hdl::Module>(std::move(module)));
    return modules_.back();
  }
  /// FIFOs of equal parameters share one module.
  ModulePtr fifo(const kernel::FifoParams& params) {
    const std::string name = kernel::fifoName(params);
    if (const auto found = fifos_.find(name); found != fifos_.end()) return found->second;
    return fifos_[name] = add(hdl::simplify(kernel::fifo(params)));
  }
  std::vector<ModulePtr> take() { return std::move(modules_); }

 private:
  std::vector<ModulePtr> modules_;
  std::map<std::string, ModulePtr> fifos_;
  std::set<std::string> names_;
};

/// The wires of a FIFO inside a subgraph.
struct FifoWires {
  hdl::InstanceId instance;
  hdl::Signal credit, valid, data;  ///< what it drives
};

hdl::Module subgraph(const map::Design& design, map::SubgraphId id, const std::vector<ModulePtr>& kernels,
                     Library& library) {
  hdl::Builder b(design.subgraphs[id.index].name);
  std::map<map::StreamId, FifoWires> fifos;
  for (std::uint32_t s = 0; s < design.streams.size(); ++s) {
    const map::Stream& stream = design.streams[s];
    if (stream.subgraph != id) continue;
    const hdl::InstanceId instance = b.instance("fifo_" + stream.name, library.fifo(map::fifoParams(stream)));
    fifos[map::StreamId(s)] = {.instance = instance,
                               .credit = b.instanceOutput(instance, "credit"),
                               .valid = b.instanceOutput(instance, "valid"),
                               .data = b.instanceOutput(instance, "data_out")};
    const FifoWires& fifo = fifos[map::StreamId(s)];
    if (!stream.writer.valid()) {
      const hdl::Signal data = b.inputBits(stream.name + "_data", stream.beat.width());
      const hdl::Signal valid = b.inputBits(stream.name + "_valid", 1);
      b.output(stream.name + "_ready", fifo.credit);
      b.connect(instance, "data_in", data);
      b.connect(instance, "push", b.bitAnd(valid, fifo.credit));
    }
    if (!stream.reader.valid()) {
      const hdl::Signal ready = b.inputBits(stream.name + "_ready", 1);
      b.output(stream.name + "_data", fifo.data);
      b.output(stream.name + "_valid", fifo.valid);
      b.connect(instance, "pop", b.bitAnd(fifo.valid, ready));
    }
  }
  for (std::uint32_t k = 0; k < design.kernels.size(); ++k) {
    const map::KernelInstance& instance = design.kernels[k];
    if (instance.subgraph != id) continue;
    const hdl::InstanceId placed = b.instance(instance.name, kernels[k]);
    for (std::size_t p = 0; p < instance.kernel.ports.size(); ++p) {
      const std::string port = instance.kernel.ports[p].name;
      const FifoWires& fifo = fifos.at(instance.streams[p]);
      if (instance.kernel.ports[p].direction == dataflow::Direction::read) {
        b.connect(placed, port + "_data", fifo.data);
        b.connect(placed, port + "_valid", fifo.valid);
        b.connect(fifo.instance, "pop", b.instanceOutput(placed, port + "_pop"));
      } else {
        b.connect(placed, port + "_credit", fifo.credit);
        b.connect(fifo.instance, "reserve", b.instanceOutput(placed, port + "_reserve"));
        b.connect(fifo.instance, "push", b.instanceOutput(placed, port + "_push"));
        b.connect(fifo.instance, "data_in", b.instanceOutput(placed, port + "_data"));
      }
    }
  }
  return std::move(b).build();
}

hdl::Module topModule(const map::Design& design, const std::vector<ModulePtr>& subgraphs) {
  hdl::Builder b("top");
  std::vector<hdl::InstanceId> placed;
  for (std::size_t g = 0; g < subgraphs.size(); ++g)
    placed.push_back(b.instance(subgraphs[g]->name + "_i", subgraphs[g]));
  const auto home = [&](map::StreamId stream) { return placed[design.streams[stream.index].subgraph.index]; };
  for (const map::DesignPort& port : design.ports) {
    const map::Stream& stream = design.streams[port.stream.index];
    const hdl::InstanceId instance = home(port.stream);
    if (port.isInput) {
      b.connect(instance, stream.name + "_data", b.inputBits(port.name + "_data", stream.beat.width()));
      b.connect(instance, stream.name + "_valid", b.inputBits(port.name + "_valid", 1));
      b.output(port.name + "_ready", b.instanceOutput(instance, stream.name + "_ready"));
    } else {
      b.output(port.name + "_data", b.instanceOutput(instance, stream.name + "_data"));
      b.output(port.name + "_valid", b.instanceOutput(instance, stream.name + "_valid"));
      b.connect(instance, stream.name + "_ready", b.inputBits(port.name + "_ready", 1));
    }
  }
  for (const map::Cut& cut : design.cuts) {
    const std::string from = design.streams[cut.from.index].name, to = design.streams[cut.to.index].name;
    b.connect(home(cut.to), to + "_data", b.instanceOutput(home(cut.from), from + "_data"));
    b.connect(home(cut.to), to + "_valid", b.instanceOutput(home(cut.from), from + "_valid"));
    b.connect(home(cut.from), from + "_ready", b.instanceOutput(home(cut.to), to + "_ready"));
  }
  return std::move(b).build();
}

}  // namespace

Result<Rtl> stitch(const map::Design& design, hdl::Family family) {
  Rtl rtl{.family = family};
  Library library;
  for (const map::KernelInstance& instance : design.kernels) {
    SLUICE_RETURN_IF_ERROR(kernel::check(instance.kernel));
    rtl.kernels.push_back(library.add(kernel::hardware(instance.kernel)));
    if (const hdl::Family own = map::familyOf(design, instance.subgraph, family); own != family)
      rtl.others[rtl.kernels.back()->name] = own;
  }
  for (std::uint32_t g = 0; g < design.subgraphs.size(); ++g)
    rtl.subgraphs.push_back(library.add(subgraph(design, map::SubgraphId(g), rtl.kernels, library)));
  rtl.top = library.add(topModule(design, rtl.subgraphs));
  rtl.modules = library.take();
  for (const ModulePtr& module : rtl.modules) SLUICE_RETURN_IF_ERROR(hdl::check(*module));
  return rtl;
}

std::vector<File> verilogFiles(const Rtl& rtl) {
  std::vector<File> files;
  std::string list;
  for (const ModulePtr& module : rtl.modules) {
    const auto other = rtl.others.find(module->name);
    const hdl::Family family = other == rtl.others.end() ? rtl.family : other->second;
    files.push_back({"rtl/" + module->name + ".v", hdl::verilog(*module, family)});
    list += files.back().name + "\n";
  }
  files.push_back({"rtl/top.f", list});
  return files;
}

}  // namespace sluice::emit
