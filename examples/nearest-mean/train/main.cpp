// SageMaker's ``train``: reads /opt/ml/input, writes /opt/ml/model, prints the accuracy.
#include "../common/model.hpp"
#include "hyperparameters.hpp"
#include "table.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <random>
#include <set>
#include <span>

namespace {

const std::string ML = "/opt/ml";
const std::string CHANNEL = ML + "/input/data/training";
constexpr int STOPPED = 128 + SIGTERM;

volatile std::sig_atomic_t stop_asked = 0;

struct Stopped : std::exception {
};

void check_stop()
{
    if (stop_asked)
        throw Stopped();
}

using Indices = std::span<const std::size_t>;

Model fit(const Table &table, Indices chosen)
{
    Model model{table.features, {}};
    std::map<std::string, std::size_t> counts;
    for (const auto i : chosen) {
        auto &sum = model.means.try_emplace(table.labels[i], table.features.size()).first->second;
        std::transform(sum.begin(), sum.end(), table.rows[i].begin(), sum.begin(), std::plus());
        ++counts[table.labels[i]];
    }
    for (auto &[name, sum] : model.means)
        for (auto &value : sum)
            value /= static_cast<double>(counts[name]);
    return model;
}

double accuracy(const Model &model, const Table &table, Indices chosen)
{
    const auto right = std::count_if(chosen.begin(), chosen.end(), [&](std::size_t i) {
        return model.classify(table.rows[i]) == table.labels[i];
    });
    return static_cast<double>(right) / static_cast<double>(chosen.size());
}

// The mean accuracy on holdouts that the model under test has not seen.
double measure(const Table &table, const Hyperparameters &chosen, std::size_t held)
{
    std::vector<std::size_t> order(table.rows.size());
    std::iota(order.begin(), order.end(), 0);
    std::mt19937_64 random(chosen.seed);
    double sum = 0;
    for (std::uint64_t i = 0; i < chosen.repeats; ++i) {
        check_stop();
        std::shuffle(order.begin(), order.end(), random);
        const Indices all(order);
        sum += accuracy(fit(table, all.subspan(held)), table, all.first(held));
    }
    return sum / static_cast<double>(chosen.repeats);
}

void train()
{
    const auto chosen = read_hyperparameters(ML + "/input/config/hyperparameters.json");
    const auto table = read_table(CHANNEL, chosen.label, check_stop);
    const auto classes = std::set<std::string>(table.labels.begin(), table.labels.end()).size();
    const auto held = static_cast<std::size_t>(
        std::lround(chosen.holdout_share * static_cast<double>(table.rows.size())));
    if (classes < 2)
        throw std::runtime_error("the rows in " + CHANNEL + " are of " + std::to_string(classes) +
                                 " class; a classifier needs at least two");
    if (held == 0 || held == table.rows.size())
        throw std::runtime_error("a holdout_share of " + std::to_string(chosen.holdout_share) +
                                 " of " + std::to_string(table.rows.size()) +
                                 " rows leaves nothing to learn from or to measure on");
    std::cout << "rows=" << table.rows.size() << " features=" << table.features.size()
              << " classes=" << classes << std::endl;
    const auto measured = measure(table, chosen, held);
    std::cout << "holdout rows=" << held << " repeats=" << chosen.repeats
              << " accuracy=" << std::fixed << std::setprecision(4) << measured << std::endl;
    std::vector<std::size_t> all(table.rows.size());
    std::iota(all.begin(), all.end(), 0);
    save(fit(table, all), ML + "/model/model.json");
}

void tell_failure(const std::string &reason)
{
    std::cerr << reason << std::endl;
    std::error_code ignored; // The reason is in the log already.
    std::filesystem::create_directories(ML + "/output", ignored);
    std::ofstream(ML + "/output/failure") << reason;
}

} // namespace

int main()
{
    std::signal(SIGTERM, [](int) { stop_asked = 1; });
    try {
        train();
    } catch (const Stopped &) {
        std::cerr << "stopped by SIGTERM; no model was written" << std::endl;
        return STOPPED;
    } catch (const std::exception &error) {
        tell_failure(error.what());
        return EXIT_FAILURE;
    }
}
