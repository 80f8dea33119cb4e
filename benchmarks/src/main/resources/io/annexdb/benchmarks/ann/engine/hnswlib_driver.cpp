// The process of hnswlib in the ANN benchmark: carries out what its standard input says, one line at
// a time. The lines are described in Message.java, the answers' file in AnswersFile.java.
// Written for hnswlib 0.6 to 0.8.

#include <hnswlib/hnswlib.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Message {
    std::string verb;
    std::map<std::string, std::string> fields;

    static Message decode(const std::string& line) {
        Message message;
        std::stringstream parts(line);
        std::getline(parts, message.verb, '\t');
        std::string part;
        while (std::getline(parts, part, '\t')) {
            size_t equals = part.find('=');
            message.fields[part.substr(0, equals)] = part.substr(equals + 1);
        }
        return message;
    }

    std::string text(const std::string& name) const {
        auto found = fields.find(name);
        if (found == fields.end()) throw std::runtime_error(verb + " came without " + name);
        return found->second;
    }

    int integer(const std::string& name) const { return std::stoi(text(name)); }
};

void send(const std::string& line) { std::cout << "> " << line << std::endl; }

struct Vectors {
    int32_t rows = 0;
    int32_t dimension = 0;
    std::vector<float> numbers;

    static Vectors read(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        Vectors vectors;
        in.read(reinterpret_cast<char*>(&vectors.rows), 4);
        in.read(reinterpret_cast<char*>(&vectors.dimension), 4);
        vectors.numbers.resize(size_t(vectors.rows) * vectors.dimension);
        in.read(reinterpret_cast<char*>(vectors.numbers.data()), vectors.numbers.size() * 4);
        if (!in) throw std::runtime_error(path + " cannot be read");
        return vectors;
    }

    const float* row(size_t row) const { return numbers.data() + row * dimension; }
};

struct Engine {
    std::unique_ptr<hnswlib::SpaceInterface<float>> space;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> index;
    Vectors queries;

    void build(const Message& message) {
        auto started = Clock::now();
        {
            Vectors base = Vectors::read(message.text("base"));
            if (message.text("metric") == "l2") {
                space = std::make_unique<hnswlib::L2Space>(base.dimension);
            } else {
                space = std::make_unique<hnswlib::InnerProductSpace>(base.dimension);
            }
            index = std::make_unique<hnswlib::HierarchicalNSW<float>>(
                space.get(), base.rows, message.integer("m"), message.integer("ef_construction"));
            insert(base, message.integer("threads"));
        }
        double seconds = std::chrono::duration<double>(Clock::now() - started).count();
        std::stringstream reply;
        reply << "built\tseconds=" << seconds << "\tbytes=" << bytes()
              << "\tparam.version=Debian libhnswlib-dev\tparam.M=" << message.text("m")
              << "\tparam.efConstruction=" << message.text("ef_construction")
              << "\tparam.compiled=g++ -O3 -march=native";
        send(reply.str());
    }

    void insert(const Vectors& base, int threads) {
        std::atomic<int> next(1);
        index->addPoint(base.row(0), 0);
        std::vector<std::thread> workers;
        for (int t = 0; t < threads; t++) {
            workers.emplace_back([&, t] {
                auto reported = Clock::now();
                for (int row = next++; row < base.rows; row = next++) {
                    index->addPoint(base.row(row), row);
                    if (t == 0 && Clock::now() - reported > std::chrono::milliseconds(200)) {
                        reported = Clock::now();
                        send("progress\ttask=insert\tdone=" + std::to_string(row) +
                             "\ttotal=" + std::to_string(base.rows));
                    }
                }
            });
        }
        for (auto& worker : workers) worker.join();
    }

    // Level 0 with its vectors, the upper levels' links, and the pointers to them.
    size_t bytes() const {
        size_t count = index->cur_element_count;
        size_t sum = count * (index->size_data_per_element_ + sizeof(void*) + sizeof(int));
        for (size_t i = 0; i < count; i++) {
            sum += size_t(index->element_levels_[i]) * index->size_links_per_element_;
        }
        return sum;
    }

    void load(const Message& message) {
        queries = Vectors::read(message.text("path"));
        send("loaded");
    }

    void search(const Message& message) {
        int k = message.integer("k");
        int threads = message.integer("threads");
        index->setEf(std::max(k, message.integer("ef")));
        std::vector<int32_t> rows(size_t(queries.rows) * k, -1);
        std::vector<std::vector<int32_t>> nanos(threads);
        std::vector<Clock::time_point> ended(threads);
        std::vector<double> cpu(threads);
        std::atomic<int64_t> next(0);
        auto started = Clock::now();
        auto deadline = started + std::chrono::milliseconds(message.integer("min_millis"));
        std::vector<std::thread> workers;
        for (int t = 0; t < threads; t++) {
            workers.emplace_back([&, t] {
                nanos[t].reserve(1 << 16);
                double cpuBefore = cpuSeconds();
                auto before = Clock::now();
                int64_t turn = next++;
                while (turn < queries.rows || before < deadline) {
                    size_t query = turn % queries.rows;
                    auto found = index->searchKnn(queries.row(query), k);
                    auto after = Clock::now();
                    nanos[t].push_back(int32_t(std::min<int64_t>(INT32_MAX, (after - before).count())));
                    if (turn < queries.rows) {
                        for (size_t rank = found.size(); rank-- > 0; found.pop()) {
                            rows[query * k + rank] = int32_t(found.top().second);
                        }
                    }
                    before = after;
                    turn = next++;
                }
                ended[t] = before;
                cpu[t] = cpuSeconds() - cpuBefore;
            });
        }
        for (auto& worker : workers) worker.join();
        auto last = *std::max_element(ended.begin(), ended.end());
        write(message.text("answers"), k, rows, nanos);
        std::stringstream reply;
        reply << "searched\tseconds=" << std::chrono::duration<double>(last - started).count()
              << "\tcpu_seconds=" << std::accumulate(cpu.begin(), cpu.end(), 0.0)
              << "\twritten_per_second=0";
        send(reply.str());
    }

    static double cpuSeconds() {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return time.tv_sec + time.tv_nsec / 1e9;
    }

    void write(const std::string& path, int32_t k, const std::vector<int32_t>& rows,
               const std::vector<std::vector<int32_t>>& nanos) const {
        std::ofstream out(path, std::ios::binary);
        int32_t searches = 0;
        for (auto& each : nanos) searches += int32_t(each.size());
        out.write(reinterpret_cast<const char*>(&queries.rows), 4);
        out.write(reinterpret_cast<const char*>(&k), 4);
        out.write(reinterpret_cast<const char*>(rows.data()), rows.size() * 4);
        out.write(reinterpret_cast<const char*>(&searches), 4);
        for (auto& each : nanos) {
            out.write(reinterpret_cast<const char*>(each.data()), each.size() * 4);
        }
        if (!out) throw std::runtime_error(path + " cannot be written");
    }

    void answer(const Message& message) {
        if (message.verb == "build") return build(message);
        if (message.verb == "queries") return load(message);
        if (message.verb == "search") return search(message);
        throw std::runtime_error("hnswlib does not know " + message.verb);
    }
};

}  // namespace

int main() {
    Engine engine;
    send("ready");
    std::string line;
    while (std::getline(std::cin, line) && line != "quit") {
        try {
            engine.answer(Message::decode(line));
        } catch (const std::exception& e) {
            send(std::string("failed\thint=\tmessage=") + e.what());
        }
    }
}
